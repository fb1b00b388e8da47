using System.CommandLine;
using System.Text;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Cli.Commands;

/// <summary><c>paris train -f run.yaml</c></summary>
internal sealed class TrainCommand : ParisCommand
{
    private readonly Option<string> _file = new("--file", "-f") { Description = "The run's spec, YAML or JSON; - reads standard input.", HelpName = "run.yaml", Required = true };
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
        var file = arguments.GetValue(_file)!;
        var text = await ReadAsync(file, cancellationToken);

        // Checked here too: a typo is told at once, also without a gateway.
        var loaded = RunSpecReader.Parse(text, file == "-" ? "standard input" : file, arguments.GetValue(_set));
        foreach (var warning in loaded.Warnings)
        {
            Output.Note($"paris: {warning}");
        }

        using var client = Connect(arguments);
        var view = await client.SubmitAsync(Encoding.UTF8.GetString(RunSpecJson.Serialize(loaded.Spec)), cancellationToken);
        if (arguments.GetValue(_wait))
        {
            view = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(view.Run, v => v.Finished, Json(arguments), client.Url, cancellationToken);
        }

        if (Json(arguments))
        {
            Output.Json(view);
        }
        else
        {
            Output.Line($"run {view.Run}: {view.State}; watch it with 'paris status {view.Run} --watch' or at {client.Url}");
        }

        return RunOutcome.ExitCode(view, Output);
    }

    private static async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (file == "-")
        {
            return await Console.In.ReadToEndAsync(cancellationToken);
        }

        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"The spec '{file}' cannot be read ({e.Message.TrimEnd('.')}); name a YAML or JSON file with -f.", e);
        }
    }
}
