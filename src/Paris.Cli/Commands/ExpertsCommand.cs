using System.CommandLine;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris experts</c></summary>
internal sealed class ExpertsCommand : ParisCommand
{
    private readonly Argument<string?> _run = CommonOptions.OptionalRun();

    public ExpertsCommand(CliOutput output)
        : base(output, "experts", "List a run's experts: cluster, share, hash of the weights, since which revision.", "paris experts demo")
        => Arguments.Add(_run);

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = Connect(arguments);
        var run = await RunNameAsync(client, arguments.GetValue(_run), cancellationToken);
        var view = await client.GetExpertsAsync(run, cancellationToken);
        if (Json(arguments))
        {
            Output.Json(view);
        }
        else
        {
            EnsembleTables.Show(view, Output);
        }

        return 0;
    }
}
