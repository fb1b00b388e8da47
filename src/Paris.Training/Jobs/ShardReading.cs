using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>How the data jobs walk over shards.</summary>
internal static class ShardReading
{
    /// <summary>The shards of a manifest one after the other, ending early when a stop is requested.</summary>
    /// <exception cref="StoppedException">A stop was requested.</exception>
    public static IEnumerable<Shard> ReadShards(this ShardManifest manifest, JobContext context)
    {
        foreach (var entry in manifest.Shards)
        {
            context.ThrowIfStopRequested();
            yield return JobContext.Await(manifest.ReadShardAsync(context.Store, entry));
        }
    }
}
