using System.Globalization;
using Paris.Core.Jobs;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>How the trainers get their samples.</summary>
internal static class PartitionReading
{
    /// <summary>The samples of one cluster and the manifest that lists them.</summary>
    public static (SampleSet Samples, ShardManifest Manifest) Cluster(JobContext context, int cluster)
    {
        var entry = context.Require(JobKind.Partition).Outputs[Role(cluster)];
        return (JobContext.Await(SampleSet.LoadAsync(context.Store, entry)), JobContext.Await(ShardManifest.LoadAsync(context.Store, entry)));
    }

    /// <summary>The samples of all clusters, cluster by cluster, and the first cluster's manifest.</summary>
    public static (SampleSet Samples, ShardManifest Manifest) All(JobContext context)
    {
        var partition = context.Require(JobKind.Partition);
        var shards = new List<Shard>();
        ShardManifest? first = null;
        for (var k = 0; k < context.Spec.Clustering.Clusters; k++)
        {
            var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, partition.Outputs[Role(k)]));
            first ??= manifest;
            shards.AddRange(manifest.ReadShards(context));
        }

        return (new SampleSet(shards), first!);
    }

    private static string Role(int cluster) => "manifest-" + cluster.ToString(CultureInfo.InvariantCulture);
}
