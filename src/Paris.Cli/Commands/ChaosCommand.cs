using System.CommandLine;
using Paris.Cli.Chaos;
using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Rest;

namespace Paris.Cli.Commands;

/// <summary><c>paris chaos</c></summary>
internal sealed class ChaosCommand : ParisCommand
{
    private static readonly ChaosFault[] _all = Enum.GetValues<ChaosFault>();

    private readonly Argument<string?> _run = new("run") { Description = "The only run to look at; without it every run that runs.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<ulong> _seed = new("--seed") { Description = "The plan is a function of it.", DefaultValueFactory = _ => 1, HelpName = "n" };
    private readonly Option<double> _minutes = Seconds("--minutes", 5, "How long faults go on.");
    private readonly Option<double> _every = Seconds("--every", 30, "Seconds between faults, give or take a quarter.");
    private readonly Option<double> _shortest = Seconds("--shortest", 2, "Seconds that a pause or an outage lasts at least.");
    private readonly Option<double> _longest = Seconds("--longest", 30, "Seconds that a pause or an outage lasts at most.");
    private readonly Option<double> _baseline = Seconds("--baseline", 20, "Seconds of undisturbed training before the first fault, for the goodput.");
    private readonly Option<double> _limit = Seconds("--limit", 90, "Seconds within which the jobs that a fault touched must train again.");
    private readonly Option<string?> _faults = new("--faults")
    {
        Description = $"Kinds, by commas: {string.Join(", ", _all.Select(ChaosTables.Name))} (default: all that the cluster's silos can do).",
        HelpName = "kinds",
    };

    private readonly Option<bool> _plan = new("--plan") { Description = "Print the plan and do nothing." };

    public ChaosCommand(CliOutput output)
        : base(
            output,
            "chaos",
            "Kill and pause workers and silos and cut them off their storage, on a schedule, and report what it cost. For silos started with --allow-chaos only. Exit code 1: a checkpoint was lost, a neighbour disturbed, or a job did not come back.",
            "paris chaos --plan --minutes 2 --seed 7",
            "paris chaos demo --minutes 2 --every 20 --faults worker-kill,storage-outage")
    {
        Arguments.Add(_run);
        foreach (var option in new Option[] { _seed, _minutes, _every, _faults, _shortest, _longest, _baseline, _limit, _plan })
        {
            Options.Add(option);
        }
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var asked = arguments.GetValue(_faults) is { } text ? Parse(text) : null;
        if (arguments.GetValue(_plan))
        {
            var planned = Plan(arguments, asked ?? _all);
            if (Json(arguments))
            {
                Output.Json(planned);
            }
            else
            {
                Output.Console.Write(ChaosTables.Of(planned));
            }

            return 0;
        }

        using var client = Connect(arguments);
        var plan = Plan(arguments, await AbleAsync(client, asked, cancellationToken));
        var options = new ChaosOptions
        {
            Seed = arguments.GetValue(_seed),
            Baseline = TimeSpan.FromSeconds(arguments.GetValue(_baseline)),
            Limit = TimeSpan.FromSeconds(arguments.GetValue(_limit)),
            Run = arguments.GetValue(_run),
        };
        var report = await new ChaosRunner(client, options, TimeProvider.System, Output.Note).RunAsync(plan, cancellationToken);
        if (Json(arguments))
        {
            Output.Json(report);
        }
        else
        {
            Output.Console.Write(ChaosTables.Of(report));
            foreach (var line in ChaosTables.Lines(report))
            {
                Output.Line(line);
            }
        }

        return report.Broken.Count == 0 ? 0 : CommandLine.Failed;
    }

    private IReadOnlyList<PlannedFault> Plan(ParseResult arguments, IReadOnlyList<ChaosFault> faults)
    {
        var (shortest, longest) = (arguments.GetValue(_shortest), arguments.GetValue(_longest));
        if (longest < shortest || longest > ChaosRequest.LongestSeconds)
        {
            throw new ParisInputException($"--longest is {longest} s and --shortest {shortest} s; use {shortest} to {ChaosRequest.LongestSeconds:0} for the longest.");
        }

        var plan = ChaosPlan.Make(
            arguments.GetValue(_seed),
            TimeSpan.FromMinutes(arguments.GetValue(_minutes)),
            TimeSpan.FromSeconds(arguments.GetValue(_every)),
            faults,
            TimeSpan.FromSeconds(shortest),
            TimeSpan.FromSeconds(longest));
        return plan.Count > 0 ? plan : throw new ParisInputException($"{arguments.GetValue(_minutes)} minutes leave no room for a fault every {arguments.GetValue(_every)} s; use a shorter --every.");
    }

    /// <summary>The asked kinds if some silo can do each, or all that any silo can do.</summary>
    private async Task<IReadOnlyList<ChaosFault>> AbleAsync(GatewayClient client, IReadOnlyList<ChaosFault>? asked, CancellationToken cancellationToken)
    {
        var chaos = await client.GetChaosAsync(cancellationToken);
        if (chaos.Silos.Count == 0)
        {
            throw new ParisInputException($"No silo of {client.Url} takes faults; start silos with --allow-chaos (Paris__AllowChaos=true), on a cluster that may lose work.");
        }

        var able = _all.Where(x => chaos.Silos.Any(s => s.Faults.Contains(x))).ToArray();
        if (asked is null)
        {
            if (able.Length < _all.Length)
            {
                Output.Note($"without {string.Join(", ", _all.Except(able).Select(ChaosTables.Name))}: the silos share their process");
            }

            return able;
        }

        return asked.Except(able).ToArray() is { Length: > 0 } unable
            ? throw new ParisInputException($"No silo can carry out {string.Join(", ", unable.Select(ChaosTables.Name))}: that takes silos with a process of their own ('paris silo --allow-chaos').")
            : asked;
    }

    private static ChaosFault[] Parse(string text)
    {
        var known = _all.ToDictionary(ChaosTables.Name, StringComparer.OrdinalIgnoreCase);
        var faults = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().Select(x => known.TryGetValue(x, out var fault)
            ? fault
            : throw new ParisInputException($"--faults names '{x}'; use {string.Join(", ", known.Keys)}.")).ToArray();
        return faults.Length > 0 ? faults : throw new ParisInputException($"--faults names none; use {string.Join(", ", known.Keys)}.");
    }

    private static Option<double> Seconds(string name, double standard, string description)
    {
        var option = new Option<double>(name) { Description = $"{description} (default {standard:0})", DefaultValueFactory = _ => standard, HelpName = "n" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && double.TryParse(result.Tokens[0].Value, System.Globalization.CultureInfo.InvariantCulture, out var value) && !(value > 0))
            {
                result.AddError($"{name} is {result.Tokens[0].Value}; use a number above 0");
            }
        });
        return option;
    }
}
