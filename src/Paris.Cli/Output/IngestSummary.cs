using System.Globalization;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Scheduling;

namespace Paris.Cli.Output;

/// <summary>Where the processor time of a piece of work went.</summary>
/// <param name="Work">What it was: <c>decode jpeg</c>.</param>
/// <param name="Seconds">Of one core.</param>
/// <param name="Share">Of all processor time of the data jobs that work on images.</param>
internal sealed record IngestWork(string Work, double Seconds, double Share);

/// <summary>What became of a run's images, from the results of its data jobs.</summary>
internal sealed record IngestSummary
{
    public required string Run { get; init; }

    /// <summary>Images that the run has.</summary>
    public required long Images { get; init; }

    public long HeldOut { get; init; }

    public long Captions { get; init; }

    public long BadFiles { get; init; }

    /// <summary>Where the list of them was written; null when nobody asked.</summary>
    public string? BadFileList { get; init; }

    public long Duplicates { get; init; }

    /// <summary>Null when nobody looked for them.</summary>
    public long? NearDuplicates { get; init; }

    /// <summary>Images in clusters: all but the near-duplicates that are dropped.</summary>
    public long Clustered { get; init; }

    /// <summary>Images a second of one core, from the file to the latent, features included.</summary>
    public double ImagesPerSecondCore { get; init; }

    public required IReadOnlyList<IngestWork> Work { get; init; }

    /// <summary>Samples a cluster.</summary>
    public required IReadOnlyList<long> Clusters { get; init; }

    public double LargestShare { get; init; }

    /// <summary>Null without classes.</summary>
    public double? Purity { get; init; }

    /// <summary>Whether a job makes data; parts are told by the job that joins them.</summary>
    public static bool IsData(JobView job) => JobId.Parse(job.Key) is { Revision: 1 } id && RunPlan.IsData(id.Kind);

    /// <param name="view">A run whose data are there.</param>
    public static IngestSummary Of(RunView view)
    {
        var jobs = view.Jobs.Where(x => IsData(x) && x.Part.Length == 0).ToDictionary(x => x.Kind, x => x.Metrics);
        double Of(string job, string metric) => jobs.TryGetValue(job, out var metrics) ? metrics.GetValueOrDefault(metric) : 0;
        var work = new List<(string Work, double Seconds)> { ("read", Of("ingest", "read-seconds")) };
        work.AddRange(jobs["ingest"].Where(x => x.Key.StartsWith("decode-seconds.", StringComparison.Ordinal)).OrderBy(x => x.Key, StringComparer.Ordinal).Select(x => ($"decode {x.Key["decode-seconds.".Length..]}", x.Value)));
        work.Add(("resize", Of("ingest", "resize-seconds")));
        work.Add(("encode", Of("encode", "encode-seconds")));
        work.Add(("features", Of("extract", "core-seconds")));
        var total = new[] { "ingest", "encode", "extract" }.Sum(x => Of(x, "core-seconds"));
        work.Add(("other (hashes, storage)", Math.Max(0, total - work.Sum(x => x.Seconds))));
        return new IngestSummary
        {
            Run = view.Run,
            Images = (long)Of("ingest", "samples"),
            HeldOut = (long)Of("ingest", "samples.test"),
            Captions = (long)Of("ingest", "captions"),
            BadFiles = (long)Of("ingest", "bad-files"),
            Duplicates = (long)Of("ingest", "duplicates"),
            NearDuplicates = jobs["assign"].TryGetValue("near-duplicates", out var near) ? (long)near : null,
            Clustered = (long)jobs["partition"].Where(x => x.Key.StartsWith("size.cluster.", StringComparison.Ordinal)).Sum(x => x.Value),
            ImagesPerSecondCore = total > 0 ? Of("ingest", "read-images") / total : 0,
            Work = [.. work.Where(x => x.Seconds > 0).Select(x => new IngestWork(x.Work, x.Seconds, x.Seconds / total))],
            Clusters =
            [
                .. jobs["partition"].Where(x => x.Key.StartsWith("size.cluster.", StringComparison.Ordinal))
                    .OrderBy(x => int.Parse(x.Key["size.cluster.".Length..], CultureInfo.InvariantCulture)).Select(x => (long)x.Value),
            ],
            LargestShare = Of("assign", "largest-share"),
            Purity = jobs["assign"].TryGetValue("purity", out var purity) ? purity : null,
        };
    }
}
