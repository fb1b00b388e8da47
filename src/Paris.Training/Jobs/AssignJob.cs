using System.Globalization;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Clustering;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>
/// Features to clusters: two-stage k-means. Outputs: <c>manifest</c> (<see cref="ClusterReport"/>), <c>centroids</c>
/// (<c>centroids</c> F32 [K, D], <c>fine_centroids</c> F32 [F, D], <c>fine_counts</c> and <c>coarse_of_fine</c> I64 [F]),
/// <c>assignment</c> (<c>index</c>, <c>assignment</c>, <c>fine</c> I64 [N]) and a contact sheet a cluster (<c>sheet-0</c> …).
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

        // The fine stage takes nearly all the time; the coarse one counts as one more step.
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
        var (sizes, classCounts, purity) = ClusterReport.Count(clusters.Assignments, labels, spec.Clusters);
        var report = new ClusterReport
        {
            Clusters = spec.Clusters,
            FineClusters = clusters.FineCounts.Length,
            Dimension = dimension,
            Extractor = spec.Extractor,
            Spherical = spec.Spherical,
            Samples = features.Count,
            Sizes = sizes,
            Shares = [.. sizes.Select(size => size / (double)features.Count)],
            LargestShare = sizes.Max() / (double)features.Count,
            Purity = purity,
            Classes = images.Classes,
            ClassCounts = classCounts,
            FineInertia = clusters.FineInertia,
            CoarseInertia = clusters.CoarseInertia,
            Repairs = clusters.Repairs,
            Moved = clusters.Moved,
        };
        var outputs = new Dictionary<string, BlobEntry>
        {
            ["centroids"] = Put(context, "centroids.safetensors", Centroids(clusters, spec.Clusters, dimension)),
            ["assignment"] = Put(context, "assignment.safetensors", SafetensorsWriter.ToBytes(
            [
                TensorData.Of("index", ids, ids.Length),
                TensorData.Of("assignment", Widen(clusters.Assignments), ids.Length),
                TensorData.Of("fine", Widen(clusters.FineAssignments), ids.Length),
            ])),
        };

        var points = new PointMatrix(values, dimension, spec.Spherical);
        var distances = Distances(points, clusters, spec.Spherical);
        var chosen = ContactSheets.Choose(clusters.Assignments, distances, spec.Clusters, context.Spec.Seed);
        var sheets = ContactSheets.Draw(chosen, images.Shape, images.ReadShards(context));
        for (var k = 0; k < sheets.Length; k++)
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
