using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>What <c>paris chaos</c> prints, and writes with <c>--json</c>.</summary>
internal sealed record ChaosReport
{
    public required ulong Seed { get; init; }

    /// <summary>From the first fault's waiting to the end of the last watch.</summary>
    public required double Seconds { get; init; }

    public required IReadOnlyList<FaultRecord> Faults { get; init; }

    /// <summary>Checkpoints that heads listed, and those of them that are gone or damaged.</summary>
    public required int CheckpointsSeen { get; init; }

    public required IReadOnlyList<string> CheckpointsLost { get; init; }

    /// <summary>Steps a second before the first fault, all measured jobs together.</summary>
    public required double UndisturbedRate { get; init; }

    /// <summary>Steps since then; those done twice count once.</summary>
    public required long Steps { get; init; }

    /// <summary>Steps ÷ (seconds × undisturbed rate); null when no job trained.</summary>
    public required double? Goodput { get; init; }

    public long StepsLost => Faults.Sum(x => x.StepsLost);

    public IReadOnlyList<string> Disturbed => [.. Faults.SelectMany(x => x.Disturbed).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Broken promises, one sentence each; empty when all held.</summary>
    public IReadOnlyList<string> Broken =>
    [
        .. CheckpointsLost.Count > 0 ? [$"{CheckpointsLost.Count} checkpoints lost: {string.Join(", ", CheckpointsLost)}"] : Array.Empty<string>(),
        .. Faults.Where(x => x.Disturbed.Count > 0).Select(x => $"fault {x.Number} disturbed {string.Join(", ", x.Disturbed)}, which it did not touch"),
        .. Faults.Where(x => x is { Skipped: null, Recovery: null }).Select(x => $"after fault {x.Number} not every job of {string.Join(", ", x.Touched)} trained again in time"),
    ];

    /// <summary>The kinds of faults that happened, with count and recovery times.</summary>
    public IReadOnlyList<FaultSummary> Summary =>
    [
        .. Faults.Where(x => x.Skipped is null).GroupBy(x => x.Fault).OrderBy(x => x.Key).Select(x => FaultSummary.Of(x.Key, [.. x])),
    ];
}

/// <summary>All faults of one kind.</summary>
/// <param name="Fault">The kind.</param>
/// <param name="Count">How many.</param>
/// <param name="MedianRecovery">Seconds; null when none recovered.</param>
/// <param name="LongestRecovery">Seconds; null when none recovered.</param>
/// <param name="StepsLost">All of them together.</param>
internal sealed record FaultSummary(ChaosFault Fault, int Count, double? MedianRecovery, double? LongestRecovery, long StepsLost)
{
    public static FaultSummary Of(ChaosFault fault, IReadOnlyList<FaultRecord> faults)
    {
        // A fault that met no running job recovered from nothing: it would flatter the median.
        var times = faults.Where(x => x.Touched.Count > 0).Select(x => x.Recovery).OfType<double>().Order().ToArray();
        double? median = times.Length == 0 ? null : (times[(times.Length - 1) / 2] + times[times.Length / 2]) / 2;
        return new FaultSummary(fault, faults.Count, median, times.Length == 0 ? null : times[^1], faults.Sum(x => x.StepsLost));
    }
}
