using System.CommandLine;
using Paris.Cli.Client;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris report</c></summary>
internal sealed class ReportCommand : ParisCommand
{
    private readonly Argument<string?> _run = CommonOptions.OptionalRun();
    private readonly Option<string?> _out = new("--out", "-o") { Description = "Where report.md, report.json and the pictures go (default artifacts/RUN).", HelpName = "folder" };

    public ReportCommand(CliOutput output)
        : base(output, "report", "Write a run's report and all its pictures into one folder.", "paris report demo --out demo-report")
    {
        Arguments.Add(_run);
        Options.Add(_out);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = Connect(arguments);
        var run = await RunNameAsync(client, arguments.GetValue(_run), cancellationToken);
        var folder = arguments.GetValue(_out) ?? GatewayLocator.Below($"artifacts/{run}");
        var report = await client.GetReportAsync(run, cancellationToken);
        await ReportFolder.WriteAsync(client, report, folder, cancellationToken);
        if (Json(arguments))
        {
            Output.Json(report);
        }
        else
        {
            Output.Line(Path.Combine(folder, "report.md"));
        }

        return 0;
    }
}
