using System.CommandLine;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris status</c></summary>
internal sealed class StatusCommand : ParisCommand
{
    private readonly Argument<string?> _run = CommonOptions.OptionalRun();
    private readonly Option<bool> _watch = new("--watch", "-w") { Description = "Keep showing until the run ends or you interrupt." };

    public StatusCommand(CliOutput output)
        : base(output, "status", "Show a run: phases with rate and time left, and every job.", "paris status demo", "paris status --watch")
    {
        Arguments.Add(_run);
        Options.Add(_watch);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = Connect(arguments);
        var run = await RunNameAsync(client, arguments.GetValue(_run), cancellationToken);
        var view = await client.GetAsync(run, cancellationToken);
        if (arguments.GetValue(_watch))
        {
            view = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(run, v => v.Finished, Json(arguments), client.Url, cancellationToken);
        }

        if (Json(arguments))
        {
            Output.Json(view);
        }
        else if (!arguments.GetValue(_watch))
        {
            Output.Console.Write(LiveDisplay.Render(view, client.Url));
            Output.Line();
            Output.Console.Write(RunTables.Slots(await client.GetClusterAsync(cancellationToken)));
        }

        return 0;
    }
}
