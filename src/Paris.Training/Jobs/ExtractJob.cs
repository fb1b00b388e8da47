using Paris.Core.Jobs;
using Paris.Training.Clustering;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>
/// Pixel shards to features for clustering. Outputs: <c>manifest</c> (F32 [N, D]; one shard a shard of pixels) and <c>extractor</c> (what was
/// fitted). A part extracts its share of the shards (<see cref="Core.Scheduling.DataParts"/>).
/// </summary>
public sealed class ExtractJob : IJob
{
    public void Run(JobContext context)
    {
        var spec = context.Spec.Clustering;
        var facts = new Dictionary<string, string> { ["extractor"] = spec.Extractor };
        if (context.Joins())
        {
            DataPartReading.JoinManifests(context, facts);
            return;
        }

        using var extractor = FeatureExtractors.Create(spec, context.SourceRoots);
        var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Ingest, revision: context.Job.Revision).Outputs["manifest"]));

        // Progress counts every pass: those of the fit and the one that extracts.
        var (start, end) = context.Share(manifest.Shards.Count);
        var mine = manifest.Shards.Skip(start).Take(end - start).ToArray();
        var meter = new ProgressMeter(context, (manifest.Count * extractor.FitPasses) + mine.Sum(x => (long)x.Count), "images");
        var done = 0L;
        extractor.Fit(() => Pass());
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "shard", ShardContent.Features, [extractor.Dimension], expected: mine.Length == 0 ? 1 : mine.Max(x => x.Count));
        foreach (var (number, entry) in mine.Index())
        {
            context.ThrowIfStopRequested();
            JobContext.Await(writer.BeginShardAsync(start + number));
            var shard = JobContext.Await(manifest.ReadShardAsync(context.Store, entry));
            for (var first = 0; first < shard.Count; first += extractor.Batch)
            {
                context.ThrowIfStopRequested();
                var count = Math.Min(extractor.Batch, shard.Count - first);
                var features = extractor.Extract(shard, first, count);
                for (var i = 0; i < count; i++)
                {
                    JobContext.Await(writer.AddAsync(features.AsSpan(i * extractor.Dimension, extractor.Dimension), shard.Ids[first + i], shard.Labels[first + i]));
                }

                meter.Report(done += count);
                if (count == shard.Count)
                {
                    break; // a batch of int.MaxValue
                }
            }
        }

        var result = JobContext.Await(writer.CompleteAsync()) with { Classes = manifest.Classes, Source = spec.Extractor };
        var outputs = new Dictionary<string, BlobEntry> { ["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", result.ToBytes())) };
        if (extractor.Save() is { } state)
        {
            outputs["extractor"] = JobContext.Await(context.Fence.PutOutputAsync("extractor.safetensors", state));
        }

        var metrics = new Dictionary<string, double>(extractor.Metrics) { ["samples"] = result.Count };
        WorkFacts.Add(context, meter.Seconds, metrics, facts);
        WorkFacts.Rates(result.Count, meter.Seconds, metrics);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = metrics,
            Facts = facts,
            Seconds = meter.Seconds,
        }));

        IEnumerable<Shard> Pass()
        {
            foreach (var shard in manifest.ReadShards(context))
            {
                yield return shard;
                meter.Report(done += shard.Count);
            }
        }
    }
}
