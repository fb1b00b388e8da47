using System.Globalization;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Training.Clustering;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>
/// Splits the latents (in pixel space: the pixels) into one set of shards a cluster, each in its own folder <c>partition/{k}/</c>, which is
/// all that expert k may read, encoded captions and the empty caption's encoding included. One pass. Outputs: <c>manifest-0</c> … <c>manifest-{K−1}</c>. In a later revision of the ensemble only
/// clusters that change are written; the manifests of the others are named as they are.
/// </summary>
public sealed class PartitionJob : IJob
{
    public void Run(JobContext context)
    {
        var partition = new Partition(context);
        if (context.Ensemble.Change is { } change)
        {
            Revise(context, partition, change);
        }
        else
        {
            First(context, partition);
        }

        partition.Commit();
    }

    private static void First(JobContext context, Partition partition)
    {
        var clusters = context.Spec.Clustering.Clusters;
        var source = context.Spec.NeedsEncoding() ? JobKind.Encode : JobKind.Ingest;
        var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(source).Outputs["manifest"]));
        var clusterOf = ReadAssignment(context, clusters);
        if (clusterOf.Count != manifest.Count)
        {
            throw new ParisInputException($"{clusterOf.Count} samples have a cluster, but there are {manifest.Count}; run the job 'assign' again.");
        }

        var sizes = Enumerable.Range(0, clusters).ToDictionary(k => k, _ => 0);
        foreach (var cluster in clusterOf.Values.Where(x => x >= 0))
        {
            sizes[cluster]++;
        }

        partition.Write(manifest, sizes, id => clusterOf.TryGetValue(id, out var cluster)
            ? cluster
            : throw new ParisInputException($"Sample {id} has no cluster; run the job 'assign' again."));
    }

    /// <summary>The clusters after a split, or with those of new images.</summary>
    private static void Revise(JobContext context, Partition partition, EnsembleChange change)
    {
        var before = context.EnsembleOf(context.Ensemble.Base);
        var trained = context.Ensemble.Trained!.Expert;
        var former = context.Require(JobKind.Partition, revision: before.Partition);
        foreach (var member in before.Members.Where(x => x.Expert != trained && x.Expert != change.Split))
        {
            partition.Keep(former, member.Expert);
        }

        if (change.Split is { } split)
        {
            var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, former.Outputs[Partition.Role(split)]));
            var leaving = Leaving(context, manifest, before.Member(split).Source);
            var sizes = new Dictionary<int, int> { [split] = (int)manifest.Count - leaving.Count, [trained] = leaving.Count };
            partition.Write(manifest, sizes, id => leaving.Contains(id) ? trained : split);
        }
        else
        {
            var source = context.Spec.NeedsEncoding() ? JobKind.Encode : JobKind.Ingest;
            var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(source, revision: context.Job.Revision).Outputs["manifest"]));
            partition.Write(manifest, new Dictionary<int, int> { [trained] = (int)manifest.Count }, _ => trained);
        }
    }

    /// <summary>The ids of the samples that leave a cluster which is split.</summary>
    private static HashSet<long> Leaving(JobContext context, ShardManifest cluster, int source)
    {
        if (cluster.Count < 2)
        {
            throw new ParisInputException($"A cluster of {cluster.Count} samples cannot be split; choose a larger one.");
        }

        var members = cluster.ReadShards(context).SelectMany(shard => shard.Ids).ToHashSet();
        var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Extract, revision: source).Outputs["manifest"]));
        var ids = new List<long>(members.Count);
        var features = new List<float>(members.Count * manifest.SampleSize);
        foreach (var shard in manifest.ReadShards(context))
        {
            for (var i = 0; i < shard.Count; i++)
            {
                if (members.Contains(shard.Ids[i]))
                {
                    ids.Add(shard.Ids[i]);
                    features.AddRange(shard.FloatsOf(i));
                }
            }
        }

        if (ids.Count != members.Count)
        {
            throw new ParisInputException($"{ids.Count} of the {members.Count} samples of the cluster have features; run the job 'extract' again.");
        }

        var leaving = ClusterSplit.Leaving([.. features], manifest.SampleSize, context.Spec.Clustering, context.Seed);
        return [.. ids.Where((_, i) => leaving[i])];
    }

    /// <summary>Cluster by sample; −1 for near-duplicates that the spec drops.</summary>
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
            if (assignment[i] < -1 || assignment[i] >= clusters)
            {
                throw new ParisInputException($"'{entry.Name}' puts sample {ids[i]} into cluster {assignment[i]}, but there are {clusters} clusters.");
            }

            clusterOf[ids[i]] = (int)assignment[i];
        }

        return clusterOf;
    }

    /// <summary>The result while it is made.</summary>
    private sealed class Partition(JobContext context)
    {
        private readonly SortedDictionary<int, (BlobEntry Manifest, long Size)> _clusters = [];
        private readonly Dictionary<string, string> _facts = [];
        private ProgressMeter _meter = null!;

        public static string Role(int cluster) => string.Create(CultureInfo.InvariantCulture, $"manifest-{cluster}");

        /// <summary>A cluster that stays what it is.</summary>
        public void Keep(JobResult former, int cluster)
            => _clusters[cluster] = (former.Outputs[Role(cluster)], (long)former.Metrics[string.Create(CultureInfo.InvariantCulture, $"size.cluster.{cluster}")]);

        /// <summary>Writes the clusters of <paramref name="sizes"/> out of the samples of a manifest.</summary>
        public void Write(ShardManifest manifest, IReadOnlyDictionary<int, int> sizes, Func<long, int> clusterOf)
        {
            _meter = new ProgressMeter(context, manifest.Count, "samples");
            _facts["content"] = manifest.Content;
            _facts["type"] = (manifest.Type ?? ShardContent.TypeOf(manifest.Content)).ToString();
            _facts["shape"] = string.Join('×', manifest.Shape);
            var writers = sizes.ToDictionary(size => size.Key, size => new ShardWriter(
                (name, content) => context.Fence.PutOutputAsync(name, content),
                string.Create(CultureInfo.InvariantCulture, $"{size.Key}/shard"),
                manifest.Content,
                manifest.Shape,
                clustered: true,
                expected: size.Value,
                type: manifest.Type,
                text: manifest.Text));
            var nullText = manifest.NullText is null ? null : JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, manifest.NullText.Name, manifest.NullText.Sha256, default));
            var done = 0L;
            foreach (var shard in manifest.ReadShards(context))
            {
                for (var i = 0; i < shard.Count; i++)
                {
                    var id = shard.Ids[i];
                    var cluster = clusterOf(id);
                    if (cluster < 0)
                    {
                        continue;
                    }

                    JobContext.Await(shard.Text is { } text
                        ? writers[cluster].AddAsync(shard.BytesOf(i), id, shard.Labels[i], cluster, text.SequenceOf(i), text.PooledOf(i))
                        : writers[cluster].AddAsync(shard.BytesOf(i), id, shard.Labels[i], cluster));
                }

                _meter.Report(done += shard.Count);
            }

            foreach (var (cluster, writer) in writers)
            {
                var part = JobContext.Await(writer.CompleteAsync()) with
                {
                    Cluster = cluster,
                    Classes = manifest.Classes,
                    Source = manifest.Source,

                    // In the cluster's own folder: the expert may read no other.
                    NullText = nullText is null ? null : JobContext.Await(context.Fence.PutOutputAsync(string.Create(CultureInfo.InvariantCulture, $"{cluster}/null-text.safetensors"), nullText)),
                };
                var name = string.Create(CultureInfo.InvariantCulture, $"{cluster}/manifest.json");
                _clusters[cluster] = (JobContext.Await(context.Fence.PutOutputAsync(name, part.ToBytes())), part.Count);
            }
        }

        public void Commit()
        {
            var total = (double)_clusters.Values.Sum(cluster => cluster.Size);
            var metrics = new Dictionary<string, double>();
            foreach (var (cluster, (_, size)) in _clusters)
            {
                metrics[string.Create(CultureInfo.InvariantCulture, $"size.cluster.{cluster}")] = size;
                metrics[string.Create(CultureInfo.InvariantCulture, $"share.cluster.{cluster}")] = size / total;
            }

            JobContext.Await(context.Fence.CommitResultAsync(new JobResult
            {
                Job = context.Job,
                Outputs = _clusters.ToDictionary(cluster => Role(cluster.Key), cluster => cluster.Value.Manifest),
                Metrics = metrics,
                Facts = _facts,
                Seconds = _meter.Seconds,
            }));
        }
    }
}
