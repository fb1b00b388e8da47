using System.CommandLine;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris train -f run.yaml</c></summary>
internal sealed class TrainCommand : ParisCommand
{
    private readonly Option<string> _file = SpecFile.Option();
    private readonly Option<bool> _wait = new("--wait", "-w") { Description = "Follow the run to its end." };

    private readonly Option<string[]> _set = CommonOptions.Set();

    public TrainCommand(CliOutput output)
        : base(output, "train", "Submit a run to a running gateway; the same spec again goes on with it.", "paris train -f run.yaml", "paris train -f run.yaml --wait")
    {
        Options.Add(_file);
        Options.Add(_wait);
        Options.Add(_set);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var spec = await SpecFile.ReadAsync(arguments.GetValue(_file)!, arguments.GetValue(_set), Output, cancellationToken);
        using var client = Connect(arguments);
        var view = await client.SubmitAsync(spec, cancellationToken);
        if (arguments.GetValue(_wait))
        {
            view = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(view.Run, v => v.Finished, Json(arguments), client.Url, cancellationToken);
        }

        return RunOutcome.Submitted(view, Output, Json(arguments), client.Url);
    }
}
