using System.Globalization;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>How the trainers get their samples.</summary>
internal static class PartitionReading
{
    /// <summary>The samples of one cluster and the manifest that lists them.</summary>
    public static (SampleSet Samples, ShardManifest Manifest) Cluster(JobContext context, int cluster)
    {
        var entry = Of(context, context.Ensemble).Outputs[Role("manifest-", cluster)];
        return (JobContext.Await(SampleSet.LoadAsync(context.Store, entry)), JobContext.Await(ShardManifest.LoadAsync(context.Store, entry)));
    }

    /// <summary>
    /// The samples of all clusters of the job's ensemble, cluster by cluster, and the first cluster's manifest. A sample's cluster is the
    /// place of its expert in the ensemble, as the router counts them.
    /// </summary>
    public static (SampleSet Samples, ShardManifest Manifest) All(JobContext context)
    {
        var partition = Of(context, context.Ensemble);
        var shards = new List<Shard>();
        ShardManifest? first = null;
        foreach (var (place, member) in context.Ensemble.Members.Index())
        {
            var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, partition.Outputs[Role("manifest-", member.Expert)]));
            first ??= manifest;
            foreach (var shard in manifest.ReadShards(context))
            {
                var places = new long[shard.Count];
                places.AsSpan().Fill(place);
                shards.Add(new Shard(shard.Content, shard.Shape, shard.Values, shard.Ids, shard.Labels, places, shard.Type, shard.Text));
            }
        }

        return (new SampleSet(shards, JobContext.Await(first!.ReadNullTextAsync(context.Store))), first);
    }

    /// <summary>[K] samples of each cluster of an ensemble, in the order of its experts; all equal where an import did not say.</summary>
    public static double[] Sizes(JobContext context, EnsembleRevision ensemble)
    {
        if (context.Spec.Import is { } import)
        {
            return [.. ensemble.Members.Select(x => import.ClusterSizes is { } sizes ? (double)sizes[x.Expert] : 1)];
        }

        var metrics = Of(context, ensemble).Metrics;
        return [.. ensemble.Members.Select(x => metrics[Role("size.cluster.", x.Expert)])];
    }

    private static JobResult Of(JobContext context, EnsembleRevision ensemble) => context.Require(JobKind.Partition, revision: ensemble.Partition);

    private static string Role(string prefix, int cluster) => prefix + cluster.ToString(CultureInfo.InvariantCulture);
}
