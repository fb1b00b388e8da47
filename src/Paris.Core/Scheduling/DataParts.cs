using System.Globalization;
using Paris.Core.Jobs;
using Paris.Core.Specs;

namespace Paris.Core.Scheduling;

/// <summary>
/// How a run's data jobs are cut into parts that slots work on side by side (map), and joined (reduce). The cuts lie between shards and
/// follow from the spec alone, so what comes out does not depend on how many slots there are, in which order parts end, or how often
/// one was begun.
/// </summary>
public static class DataParts
{
    /// <summary>Parts of a kind of job; 1: it is one job that does all.</summary>
    /// <param name="spec">The run's.</param>
    /// <param name="kind">The job's.</param>
    /// <param name="revision">Later revisions of the ensemble bring one expert's images: they are not cut.</param>
    public static int Of(RunSpec spec, JobKind kind, int revision = 1) => revision > 1 ? 1 : kind switch
    {
        JobKind.Ingest or JobKind.Encode => spec.Data.Parts,

        // Principal components are learned from all pictures, and cost less than reading them again in every part.
        JobKind.Extract when spec.Clustering.Extractor != "pixels-pca" => spec.Data.Parts,
        _ => 1,
    };

    /// <summary>The jobs of the parts, in order; none when the kind is not cut.</summary>
    public static IReadOnlyList<JobId> Jobs(RunSpec spec, JobKind kind, int revision = 1) => Of(spec, kind, revision) is > 1 and var parts
        ? [.. Enumerable.Range(0, parts).Select(part => new JobId(spec.Name, kind, part.ToString(CultureInfo.InvariantCulture), revision))]
        : [];

    /// <summary>Which of <paramref name="items"/> (shards, or the blocks of images that become shards) a part has: First … End − 1. Together the parts have each once.</summary>
    public static (int First, int End) Range(int items, int part, int parts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(items);
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        if (part < 0 || part >= parts)
        {
            throw new ParisInputException($"There is no part {part} of {parts}: data.parts says how many there are.");
        }

        return ((int)((long)items * part / parts), (int)((long)items * (part + 1) / parts));
    }
}
