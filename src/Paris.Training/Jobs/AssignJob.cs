using System.Globalization;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Clustering;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>
/// Features to clusters: two-stage k-means. Outputs: <c>manifest</c> (<see cref="ClusterReport"/>), <c>centroids</c>
/// (<c>centroids</c> F32 [K, D], <c>fine_centroids</c> F32 [F, D], <c>fine_counts</c> and <c>coarse_of_fine</c> I64 [F]),
/// <c>assignment</c> (<c>index</c>, <c>assignment</c>, <c>fine</c> I64 [N]) and a contact sheet a cluster (<c>sheet-0</c> …). Where the spec asks for
/// near-duplicates: <c>near-duplicates</c> (JSON Lines {id, of, distance}) and <c>near-duplicate-pairs</c> (PNG); those that are dropped have the
/// cluster −1.
/// </summary>
public sealed class AssignJob : IJob
{
    public void Run(JobContext context)
    {
        var spec = context.Spec.Clustering;
        var images = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Ingest).Outputs["manifest"]));
        var features = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Extract).Outputs["manifest"]));
        if (features.Count != images.Count)
        {
            throw new ParisInputException($"There are features of {features.Count} samples, but {images.Count} images; run the job 'extract' again.");
        }

        var dimension = features.SampleSize;
        if (features.Count * dimension > Array.MaxLength)
        {
            throw new ParisInputException($"{features.Count} features of {dimension} numbers do not fit into one clustering; lower clustering.dimension to at most {Array.MaxLength / features.Count}.");
        }

        // The fine stage takes nearly all the time; the coarse one counts as one more step. Near-duplicates are counted by themselves.
        var meter = new ProgressMeter(context, Math.Max(1, spec.Restarts) + 1, "restarts");
        var values = new float[features.Count * dimension];
        var ids = new long[features.Count];
        var labels = new long[features.Count];
        var read = 0;
        foreach (var shard in features.ReadShards(context))
        {
            shard.AllFloats().CopyTo(values.AsSpan(read * dimension));
            shard.Ids.CopyTo(ids, read);
            shard.Labels.CopyTo(labels, read);
            read += shard.Count;
        }

        var options = new TwoStageOptions
        {
            Clusters = spec.Clusters,
            FineClusters = spec.FineClusters,
            Iterations = spec.Iterations,
            Restarts = spec.Restarts,
            Spherical = spec.Spherical,
            BalanceLimit = spec.BalanceLimit,
        };
        var finished = 0;
        var clusters = TwoStageKMeans.Fit(values, dimension, options, context.Spec.Seed, (stage, restart, inertia) =>
        {
            context.ThrowIfStopRequested();
            if (stage == TwoStageKMeans.FineStage)
            {
                meter.Report(++finished);
            }

            context.Reporter.Log(string.Create(CultureInfo.InvariantCulture, $"k-means, {stage} stage, restart {restart}: inertia {inertia:G6}"));
        });

        meter.Report(finished + 1);
        var near = FindNearDuplicates(context, values, dimension, clusters);
        var dropped = context.Spec.Data.NearDuplicates == "drop";
        var assignments = dropped ? Without(near!, clusters.Assignments, spec.Clusters) : clusters.Assignments;
        var (sizes, classCounts, purity) = ClusterReport.Count(assignments, labels, spec.Clusters);
        var total = (double)sizes.Sum();
        var report = new ClusterReport
        {
            Clusters = spec.Clusters,
            FineClusters = clusters.FineCounts.Length,
            Dimension = dimension,
            Extractor = spec.Extractor,
            Spherical = spec.Spherical,
            Samples = features.Count,
            Sizes = sizes,
            Shares = [.. sizes.Select(size => size / total)],
            LargestShare = sizes.Max() / total,
            Purity = purity,
            Classes = images.Classes,
            ClassCounts = classCounts,
            FineInertia = clusters.FineInertia,
            CoarseInertia = clusters.CoarseInertia,
            Repairs = clusters.Repairs,
            Moved = clusters.Moved,
            NearDuplicates = near?.Count,
            Dropped = dropped,
        };
        var outputs = new Dictionary<string, BlobEntry>
        {
            ["centroids"] = Put(context, "centroids.safetensors", Centroids(clusters, spec.Clusters, dimension)),
            ["assignment"] = Put(context, "assignment.safetensors", SafetensorsWriter.ToBytes(
            [
                TensorData.Of("index", ids, ids.Length),
                TensorData.Of("assignment", Widen(assignments), ids.Length),
                TensorData.Of("fine", Widen(clusters.FineAssignments), ids.Length),
            ])),
        };

        var points = new PointMatrix(values, dimension, spec.Spherical);
        var distances = Distances(points, clusters, spec.Spherical);
        var chosen = ContactSheets.Choose(assignments, distances, spec.Clusters, context.Spec.Seed);
        var pairs = near is { Count: > 0 } ? ContactSheets.ChoosePairs(near) : null;
        var sheets = ContactSheets.Draw(pairs is null ? chosen : [.. chosen, pairs], images.Shape, images.ReadShards(context));
        if (near is not null)
        {
            outputs["near-duplicates"] = Put(context, "near-duplicates.jsonl", Lines(near, ids));
        }

        if (pairs is not null)
        {
            outputs["near-duplicate-pairs"] = Put(context, "sheets/near-duplicate-pairs.png", sheets[^1].ToPng());
        }

        for (var k = 0; k < spec.Clusters; k++)
        {
            var number = k.ToString(CultureInfo.InvariantCulture);
            outputs[$"sheet-{number}"] = Put(context, $"sheets/cluster-{number}.png", sheets[k].ToPng());
        }

        outputs["manifest"] = Put(context, "manifest.json", report.ToBytes());
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = Metrics(report),
            Facts = new Dictionary<string, string>
            {
                ["sizes"] = string.Join(", ", sizes),
                ["classes"] = string.Join("; ", classCounts.Select((counts, k) => $"{k}: {Describe(counts, images.Classes)}")),
            },
            Seconds = meter.Seconds,
        }));
    }

    /// <summary>Null where the spec does not ask for them.</summary>
    private static IReadOnlyList<NearDuplicate>? FindNearDuplicates(JobContext context, float[] values, int dimension, TwoStageResult clusters)
    {
        var data = context.Spec.Data;
        if (data.NearDuplicates == "keep")
        {
            return null;
        }

        var meter = new ProgressMeter(context, clusters.Assignments.Length, "samples");
        return NearDuplicates.Find(values, dimension, clusters.FineAssignments, clusters.FineCounts.Length, data.NearDuplicateDistance, compared =>
        {
            context.ThrowIfStopRequested();
            meter.Report(compared);
        });
    }

    /// <summary>[N] the cluster of every sample; −1 for the near-duplicates.</summary>
    /// <exception cref="ParisInputException">A cluster is left empty: the balance limit had moved only near-duplicates into it.</exception>
    private static int[] Without(IReadOnlyList<NearDuplicate> near, int[] assignments, int clusters)
    {
        int[] left = [.. assignments];
        foreach (var duplicate in near)
        {
            left[duplicate.Sample] = -1;
        }

        var kept = left.ToHashSet();
        return Enumerable.Range(0, clusters).Where(k => !kept.Contains(k)).ToArray() is [var empty, ..]
            ? throw new ParisInputException($"dropping near-duplicates leaves no sample in cluster {empty}; lower 'data.nearDuplicateDistance' or 'clustering.clusters'.")
            : left;
    }

    private static byte[] Lines(IReadOnlyList<NearDuplicate> found, long[] ids)
        => JsonLines.ToBytes(found.Select(x => JsonSerializer.Serialize(new { id = ids[x.Sample], of = ids[x.Of], distance = Math.Round(x.Distance, 6) })));

    private static Dictionary<string, double> Metrics(ClusterReport report)
    {
        var metrics = new Dictionary<string, double>
        {
            ["largest-share"] = report.LargestShare,
            ["inertia.fine"] = report.FineInertia,
            ["inertia.coarse"] = report.CoarseInertia,
            ["repairs"] = report.Repairs,
            ["moved"] = report.Moved,
        };
        if (report.NearDuplicates is { } near)
        {
            metrics["near-duplicates"] = near;
            metrics["samples"] = report.Sizes.Sum();
        }

        if (report.Purity is { } purity)
        {
            metrics["purity"] = purity;
        }

        for (var k = 0; k < report.Shares.Count; k++)
        {
            metrics[string.Create(CultureInfo.InvariantCulture, $"share.cluster.{k}")] = report.Shares[k];
        }

        return metrics;
    }

    // The two most frequent classes of a cluster.
    private static string Describe(long[] counts, IReadOnlyList<string> classes)
    {
        var total = Math.Max(1, counts.Sum());
        return string.Join(" and ", Enumerable.Range(0, counts.Length)
            .Where(label => counts[label] > 0)
            .OrderByDescending(label => counts[label])
            .ThenBy(label => label)
            .Take(2)
            .Select(label => string.Create(CultureInfo.InvariantCulture, $"{(label < classes.Count ? classes[label] : $"class {label}")} {100.0 * counts[label] / total:F0} %")));
    }

    private static byte[] Centroids(TwoStageResult clusters, int count, int dimension)
    {
        var fine = clusters.FineCounts.Length;
        return SafetensorsWriter.ToBytes(
        [
            TensorData.Of("fine_counts", Widen(clusters.FineCounts), fine),
            TensorData.Of("coarse_of_fine", Widen(clusters.CoarseOfFine), fine),
            TensorData.Of("centroids", Narrow(clusters.Centroids), count, dimension),
            TensorData.Of("fine_centroids", Narrow(clusters.FineCentroids), fine, dimension),
        ]);
    }

    private static double[] Distances(PointMatrix points, TwoStageResult clusters, bool spherical)
    {
        var row = new double[points.Dimension];
        var distances = new double[points.Count];
        for (var i = 0; i < distances.Length; i++)
        {
            points.CopyRow(i, row);
            distances[i] = KMeans.Distance(row, clusters.Centroids.AsSpan(clusters.Assignments[i] * row.Length, row.Length), spherical);
        }

        return distances;
    }

    private static BlobEntry Put(JobContext context, string name, byte[] content) => JobContext.Await(context.Fence.PutOutputAsync(name, content));

    private static long[] Widen(int[] values) => [.. values.Select(value => (long)value)];

    private static float[] Narrow(double[] values) => [.. values.Select(value => (float)value)];
}
