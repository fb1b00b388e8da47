using System.Globalization;
using Paris.Core.Jobs;

namespace Paris.Training.Jobs;

/// <summary>When and how long a data job or its parts worked, as their results tell it: what throughput is computed from.</summary>
internal static class WorkFacts
{
    private const string Started = "started";
    private const string Ended = "ended";
    private const string CoreSeconds = "core-seconds";

    /// <summary>Adds what is known of one piece of work that ends now.</summary>
    public static void Add(JobContext context, double seconds, Dictionary<string, double> metrics, Dictionary<string, string> facts)
    {
        var now = context.Time.GetUtcNow();
        facts[Started] = now.AddSeconds(-seconds).ToString("O", CultureInfo.InvariantCulture);
        facts[Ended] = now.ToString("O", CultureInfo.InvariantCulture);
        metrics[CoreSeconds] = seconds * Math.Max(1, context.Threads);
    }

    /// <summary>
    /// Adds the sum over the parts: <c>core-seconds</c>, <c>images-per-second</c> from the first part's start to the last one's end, and
    /// <c>images-per-second-core</c>.
    /// </summary>
    /// <returns>Seconds of work of all parts.</returns>
    public static double Join(IReadOnlyList<JobResult> parts, double images, Dictionary<string, double> metrics, Dictionary<string, string> facts)
    {
        var started = parts.Min(x => Time(x, Started));
        var ended = parts.Max(x => Time(x, Ended));

        // Clocks of several machines differ; no part is shorter than it says itself.
        var wall = Math.Max((ended - started).TotalSeconds, parts.Max(x => x.Seconds));
        var core = parts.Sum(x => x.Metrics.GetValueOrDefault(CoreSeconds));
        (facts[Started], facts[Ended]) = (started.ToString("O", CultureInfo.InvariantCulture), ended.ToString("O", CultureInfo.InvariantCulture));
        metrics[CoreSeconds] = core;
        Rates(images, wall, metrics);
        return parts.Sum(x => x.Seconds);
    }

    /// <summary>Adds both rates; <c>core-seconds</c> is there already.</summary>
    public static void Rates(double images, double wall, Dictionary<string, double> metrics)
    {
        metrics["images-per-second"] = images / Math.Max(1e-9, wall);
        metrics["images-per-second-core"] = images / Math.Max(1e-9, metrics[CoreSeconds]);
    }

    private static DateTimeOffset Time(JobResult part, string fact) => DateTimeOffset.Parse(part.Facts[fact], CultureInfo.InvariantCulture);
}
