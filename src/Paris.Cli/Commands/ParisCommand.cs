using System.CommandLine;
using Paris.Cli.Client;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary>A command with an example in its help.</summary>
internal abstract class ParisCommand : Command
{
    protected ParisCommand(CliOutput output, string name, string description, params string[] examples)
        : base(name, description)
    {
        Output = output;
        Examples = examples;
        SetAction(RunAsync);
    }

    /// <summary>Lines that work as they stand.</summary>
    public IReadOnlyList<string> Examples { get; }

    protected CliOutput Output { get; }

    protected abstract Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken);

    protected static bool Json(ParseResult arguments) => arguments.GetValue(CommonOptions.Json);

    protected static GatewayClient Connect(ParseResult arguments) => GatewayLocator.Connect(arguments.GetValue(CommonOptions.Store));

    /// <summary>The named run, or the newest.</summary>
    protected static async Task<string> RunNameAsync(GatewayClient client, string? run, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(run))
        {
            return run;
        }

        var runs = await client.ListAsync(cancellationToken);
        return runs.Count > 0
            ? runs.MaxBy(r => r.Submitted)!.Run
            : throw new Core.ParisInputException("There is no run yet; start one with 'paris demo' or 'paris train -f run.yaml'.");
    }
}
