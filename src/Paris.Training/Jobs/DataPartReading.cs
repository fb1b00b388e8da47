using Paris.Core;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>How the data jobs find their part, and the job that joins them the others'.</summary>
internal static class DataPartReading
{
    /// <summary>Into how many parts this job's kind is cut.</summary>
    public static int Parts(this JobContext context) => DataParts.Of(context.Spec, context.Job.Kind, context.Job.Revision);

    /// <summary>True when this job joins parts that others made.</summary>
    public static bool Joins(this JobContext context) => context.Parts() > 1 && context.Job.DataPart is null;

    /// <summary>This job's share of <paramref name="items"/>: First … End − 1.</summary>
    /// <exception cref="ParisInputException">The run has no such part.</exception>
    public static (int First, int End) Share(this JobContext context, int items) => DataParts.Range(items, context.Job.DataPart ?? 0, context.Parts());

    /// <summary>The results of all parts, in their order.</summary>
    /// <exception cref="ParisInputException">A part is not finished.</exception>
    public static IReadOnlyList<JobResult> RequireParts(this JobContext context)
        => [.. DataParts.Jobs(context.Spec, context.Job.Kind, context.Job.Revision).Select(context.Require)];

    /// <summary>One manifest of the shards of several, in their order; the shards stay where they are.</summary>
    public static ShardManifest Join(IReadOnlyList<ShardManifest> parts)
    {
        var counts = new long[parts.Max(x => x.ClassCounts.Count)];
        foreach (var part in parts)
        {
            for (var label = 0; label < part.ClassCounts.Count; label++)
            {
                counts[label] += part.ClassCounts[label];
            }
        }

        return parts[0] with
        {
            Count = parts.Sum(x => x.Count),
            Shards = [.. parts.SelectMany(x => x.Shards)],
            ClassCounts = counts,
            Captions = parts.Sum(x => x.Captions),
        };
    }

    /// <summary>Joins parts whose only output is a manifest (encode, extract), and commits.</summary>
    /// <param name="context">The job that joins.</param>
    /// <param name="facts">Beside those of the parts.</param>
    /// <param name="outputs">Beside the manifest.</param>
    /// <param name="complete">What the joined manifest says beside its shards.</param>
    public static void JoinManifests(JobContext context, IReadOnlyDictionary<string, string> facts, IReadOnlyDictionary<string, BlobEntry>? outputs = null, Func<ShardManifest, ShardManifest>? complete = null)
    {
        var parts = context.RequireParts();
        var meter = new ProgressMeter(context, parts.Count, "parts");
        var manifests = new List<ShardManifest>();
        foreach (var part in parts)
        {
            context.ThrowIfStopRequested();
            manifests.Add(JobContext.Await(ShardManifest.LoadAsync(context.Store, part.Outputs["manifest"])));
            meter.Report(manifests.Count);
        }

        var joined = complete is null ? Join(manifests) : complete(Join(manifests));
        var metrics = new Dictionary<string, double> { ["samples"] = joined.Count, ["parts"] = parts.Count };
        Sum(parts, metrics, name => name.EndsWith("-seconds", StringComparison.Ordinal));
        var all = new Dictionary<string, string>(facts);
        var seconds = WorkFacts.Join(parts, joined.Count, metrics, all);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = new Dictionary<string, BlobEntry>(outputs ?? new Dictionary<string, BlobEntry>()) { ["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", joined.ToBytes())) },
            Metrics = metrics,
            Facts = all,
            Seconds = seconds + meter.Seconds,
        }));
    }

    /// <summary>Adds metrics of the parts up.</summary>
    public static void Sum(IEnumerable<JobResult> parts, Dictionary<string, double> metrics, Func<string, bool> which)
    {
        foreach (var (name, value) in parts.SelectMany(x => x.Metrics).Where(x => which(x.Key)))
        {
            metrics[name] = metrics.GetValueOrDefault(name) + value;
        }
    }
}
