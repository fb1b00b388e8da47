using System.CommandLine;
using Paris.Cli.Output;
using Paris.Core.Rest;
using Paris.Core.Specs;

namespace Paris.Cli.Commands;

/// <summary><c>paris evaluate</c></summary>
internal sealed class EvaluateCommand : ParisCommand
{
    private readonly Argument<string?> _run = CommonOptions.OptionalRun();
    private readonly Option<string[]> _strategies = new("--strategy", "-s") { Description = "A strategy to compare, repeatable (default: those of the spec).", AllowMultipleArgumentsPerToken = true, HelpName = "name" };

    public EvaluateCommand(CliOutput output)
        : base(output, "evaluate", "Compare sampling strategies of a trained run and print the table.", "paris evaluate demo --strategy top-2 --strategy nucleus")
    {
        Arguments.Add(_run);
        Options.Add(_strategies);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var strategies = arguments.GetValue(_strategies) ?? [];
        foreach (var strategy in strategies)
        {
            _ = StrategyNames.Check(strategy);
        }

        using var client = Connect(arguments);
        var run = await RunNameAsync(client, arguments.GetValue(_run), cancellationToken);
        var jobs = (await client.EvaluateAsync(run, new EvaluateRequest(strategies), cancellationToken)).ToHashSet();
        var view = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(
            run,
            v => v.Jobs.Where(j => jobs.Contains(j.Key)).All(j => j.State is "completed" or "failed" or "quarantined" or "cancelled") && v.Jobs.Any(j => jobs.Contains(j.Key)),
            Json(arguments),
            client.Url,
            cancellationToken);
        var report = await client.GetReportAsync(run, cancellationToken);
        if (Json(arguments))
        {
            Output.Json(report);
        }
        else
        {
            Output.Console.Write(RunTables.Strategies(report));
            foreach (var finding in report.Findings)
            {
                Output.Line(finding);
            }
        }

        var failed = view.Jobs.FirstOrDefault(j => jobs.Contains(j.Key) && j.State != "completed");
        if (failed is not null)
        {
            Output.Note($"paris: {RunTables.Name(failed)} {failed.State}{(failed.Message is null ? "" : $": {failed.Message}")}");
            return failed.BadInput ? CommandLine.BadInput : CommandLine.Failed;
        }

        return 0;
    }
}
