using Paris.Core.Jobs;
using Paris.Training.Clustering;
using Paris.Training.Data;

namespace Paris.Training.Jobs;

/// <summary>
/// Pixel shards to features for clustering. Outputs: <c>manifest</c> (feature shards, F32 [N, D]) and <c>extractor</c> (what was fitted).
/// </summary>
public sealed class ExtractJob : IJob
{
    public void Run(JobContext context)
    {
        var spec = context.Spec.Clustering;
        using var extractor = FeatureExtractors.Create(spec, context.SourceRoots);
        var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Ingest, revision: context.Job.Revision).Outputs["manifest"]));

        // Progress counts every pass: those of the fit and the one that extracts.
        var meter = new ProgressMeter(context, manifest.Count * (extractor.FitPasses + 1), "images");
        var done = 0L;
        extractor.Fit(() => Pass());
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "shard", ShardContent.Features, [extractor.Dimension], expected: manifest.Count);
        foreach (var shard in manifest.ReadShards(context))
        {
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

        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = new Dictionary<string, double>(extractor.Metrics) { ["samples"] = result.Count },
            Facts = new Dictionary<string, string> { ["extractor"] = spec.Extractor },
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
