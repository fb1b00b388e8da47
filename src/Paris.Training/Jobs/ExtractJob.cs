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
        var extractor = FeatureExtractors.Create(spec);
        var manifest = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Ingest, revision: context.Job.Revision).Outputs["manifest"]));

        // Progress counts every pass: those of the fit and the one that extracts.
        var meter = new ProgressMeter(context, manifest.Count * (extractor.FitPasses + 1), "images");
        var done = 0L;
        extractor.Fit(() => Pass());
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "shard", ShardContent.Features, [extractor.Dimension], expected: manifest.Count);
        foreach (var shard in Pass())
        {
            var features = extractor.Extract(shard);
            for (var i = 0; i < shard.Count; i++)
            {
                JobContext.Await(writer.AddAsync(features.AsSpan(i * extractor.Dimension, extractor.Dimension), shard.Ids[i], shard.Labels[i]));
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
