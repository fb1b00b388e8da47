using System.Globalization;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>
/// Splits the latents (in pixel space: the pixels) into one set of shards a cluster, each in its own folder <c>partition/{k}/</c>, which is
/// all that expert k may read. One pass. Outputs: <c>manifest-0</c> … <c>manifest-{K−1}</c>.
/// </summary>
public sealed class PartitionJob : IJob
{
    public void Run(JobContext context)
    {
        var clusters = context.Spec.Clustering.Clusters;
        var source = context.Spec.Autoencoder is null ? JobKind.Ingest : JobKind.Encode;
        var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(source).Outputs["manifest"]));
        var clusterOf = ReadAssignment(context, clusters);
        if (clusterOf.Count != manifest.Count)
        {
            throw new ParisInputException($"{clusterOf.Count} samples have a cluster, but there are {manifest.Count}; run the job 'assign' again.");
        }

        var sizes = new long[clusters];
        foreach (var cluster in clusterOf.Values)
        {
            sizes[cluster]++;
        }

        var meter = new ProgressMeter(context, manifest.Count, "samples");
        var writers = Enumerable.Range(0, clusters)
            .Select(k => new ShardWriter(
                (name, content) => context.Fence.PutOutputAsync(name, content),
                string.Create(CultureInfo.InvariantCulture, $"{k}/shard"),
                manifest.Content,
                manifest.Shape,
                clustered: true,
                expected: sizes[k]))
            .ToArray();
        var done = 0L;
        foreach (var shard in manifest.ReadShards(context))
        {
            for (var i = 0; i < shard.Count; i++)
            {
                var id = shard.Ids[i];
                if (!clusterOf.TryGetValue(id, out var cluster))
                {
                    throw new ParisInputException($"Sample {id} has no cluster; run the job 'assign' again.");
                }

                JobContext.Await(writers[cluster].AddAsync(shard.BytesOf(i), id, shard.Labels[i], cluster));
            }

            meter.Report(done += shard.Count);
        }

        var outputs = new Dictionary<string, BlobEntry>();
        var metrics = new Dictionary<string, double>();
        for (var k = 0; k < clusters; k++)
        {
            var number = k.ToString(CultureInfo.InvariantCulture);
            var part = JobContext.Await(writers[k].CompleteAsync()) with { Cluster = k, Classes = manifest.Classes, Source = manifest.Source };
            outputs[$"manifest-{number}"] = JobContext.Await(context.Fence.PutOutputAsync($"{number}/manifest.json", part.ToBytes()));
            metrics[$"size.cluster.{number}"] = part.Count;
            metrics[$"share.cluster.{number}"] = part.Count / (double)manifest.Count;
        }

        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = metrics,
            Facts = new Dictionary<string, string> { ["content"] = manifest.Content, ["shape"] = string.Join('×', manifest.Shape) },
            Seconds = meter.Seconds,
        }));
    }

    private static Dictionary<long, int> ReadAssignment(JobContext context, int clusters)
    {
        var entry = context.Require(JobKind.Assign).Outputs["assignment"];
        using var file = context.OpenTensors(entry);
        var count = file.Require("index", TensorType.I64, -1).Shape[0];
        file.Require("assignment", TensorType.I64, count);
        var ids = file.View<long>("index");
        var assignment = file.View<long>("assignment");
        var clusterOf = new Dictionary<long, int>(ids.Length);
        for (var i = 0; i < ids.Length; i++)
        {
            if (assignment[i] < 0 || assignment[i] >= clusters)
            {
                throw new ParisInputException($"'{entry.Name}' puts sample {ids[i]} into cluster {assignment[i]}, but there are {clusters} clusters.");
            }

            clusterOf[ids[i]] = (int)assignment[i];
        }

        return clusterOf;
    }
}
