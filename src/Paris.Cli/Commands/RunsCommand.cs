using System.CommandLine;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris runs</c></summary>
internal sealed class RunsCommand(CliOutput output) : ParisCommand(output, "runs", "List the runs.", "paris runs")
{
    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = Connect(arguments);
        var runs = await client.ListAsync(cancellationToken);
        if (Json(arguments))
        {
            Output.Json(runs);
        }
        else if (runs.Count == 0)
        {
            Output.Line("There is no run yet; start one with 'paris demo' or 'paris train -f run.yaml'.");
        }
        else
        {
            Output.Console.Write(RunTables.Runs(runs));
        }

        return 0;
    }
}
