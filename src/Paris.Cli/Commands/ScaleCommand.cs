using System.CommandLine;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Rest;

namespace Paris.Cli.Commands;

/// <summary><c>paris scale</c></summary>
internal sealed class ScaleCommand : ParisCommand
{
    private readonly Option<bool> _advise = new("--advise") { Description = "Print what the queue would need and which silos could go (the default)." };
    private readonly Option<string?> _rebalance = new("--rebalance") { Description = "Turn moving running jobs to faster free slots on or off.", HelpName = "on|off" };

    public ScaleCommand(CliOutput output)
        : base(output, "scale", "Advise on slots to add and silos to remove; switch the rebalancer.", "paris scale --advise", "paris scale --rebalance on")
    {
        _rebalance.AcceptOnlyFromAmong("on", "off");
        Options.Add(_advise);
        Options.Add(_rebalance);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var rebalance = arguments.GetValue(_rebalance);
        if (rebalance is not null && arguments.GetValue(_advise))
        {
            throw new ParisInputException("--advise and --rebalance do different things; give one of them.");
        }

        using var client = Connect(arguments);
        var advice = rebalance is null
            ? await client.AdviseAsync(cancellationToken)
            : await client.RebalanceAsync(rebalance == "on", cancellationToken);
        if (Json(arguments))
        {
            Output.Json(advice);
        }
        else if (rebalance is not null)
        {
            Output.Line($"rebalancer: {(advice.Rebalances ? "on" : "off")}");
        }
        else
        {
            Show(advice);
        }

        return 0;
    }

    private void Show(AdviceView advice)
    {
        Output.Line($"{advice.Running} jobs run, {advice.Queued} wait; {advice.Free} of {advice.Slots} slots are free; the rebalancer is {(advice.Rebalances ? "on" : "off")}");
        if (advice.Wanted.Count > 0)
        {
            Output.Console.Write(RunTables.Wanted(advice.Wanted));
        }

        if (advice.Running + advice.Queued > 0)
        {
            Output.Console.Write(RunTables.Finish(advice.Finish));
        }

        if (advice.Silos.Count > 0)
        {
            Output.Console.Write(RunTables.Silos(advice.Silos));
        }

        Output.Line(advice.Silos.Where(s => s.CanGo).Select(s => s.Silo).ToArray() is { Length: > 0 } idle
            ? $"can go: {string.Join(", ", idle)}"
            : "no silo can go without disturbing a job");
    }
}
