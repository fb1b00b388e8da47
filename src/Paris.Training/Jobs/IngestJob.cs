using System.Globalization;
using System.Text;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Jobs;
using Paris.Training.Data;
using Paris.Training.Text;

namespace Paris.Training.Jobs;

/// <summary>
/// Source files to pixel shards. Outputs: <c>manifest</c> (training images), <c>manifest-test</c> (held-out images, if the spec names
/// some), <c>captions</c> and <c>captions-test</c> (JSON lines {id, caption}, if there are any), <c>bad-files</c> (JSON lines {name, reason}, if
/// files were skipped). In runs with text an image without a caption has its class's name for one.
/// </summary>
public sealed class IngestJob : IJob
{
    public void Run(JobContext context)
    {
        var spec = context.Spec;

        // A later revision's images are those of one expert.
        var data = context.Ensemble.Change?.DataOf(spec) ?? spec.Data;
        var clusters = context.Job.Revision == 1 ? spec.Clustering.Clusters : 1;
        using var source = ImageSources.Open(data, context.SourceRoots);
        using var test = ImageSources.OpenTest(data, context.SourceRoots);
        Check(clusters, source, source.Count);
        TextEncoders.CheckSources(context);
        var meter = new ProgressMeter(context, source.Count + (test?.Count ?? 0), "images");
        using var captions = new MemoryStream();
        var manifest = Write(context, source, "shard", captions, meter, done: 0);
        Check(clusters, source, manifest.Count);
        var outputs = new Dictionary<string, BlobEntry> { ["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", manifest.ToBytes())) };
        if (spec.Text is not null && captions.Length == 0)
        {
            throw new ParisInputException($"the run is conditioned on text, but none of the {manifest.Count} images of '{source.Description}' has a caption or a class; add captions (folder: NAME.txt beside the image), or remove 'text'.");
        }

        Put(context, "captions", captions, outputs);

        var metrics = new Dictionary<string, double> { ["samples"] = manifest.Count, ["samples.test"] = 0, ["captions"] = manifest.Captions };
        if (test is not null)
        {
            using var heldCaptions = new MemoryStream();
            var held = Write(context, test, "test", heldCaptions, meter, source.Count);
            Put(context, "captions-test", heldCaptions, outputs);
            outputs["manifest-test"] = JobContext.Await(context.Fence.PutOutputAsync("manifest-test.json", held.ToBytes()));
            metrics["samples.test"] = held.Count;
        }

        if (source is EncodedImageSource files)
        {
            Tell(context, files, outputs, metrics);
        }

        for (var label = 0; label < manifest.ClassCounts.Count; label++)
        {
            metrics[string.Create(CultureInfo.InvariantCulture, $"class.{label}")] = manifest.ClassCounts[label];
        }

        var seconds = meter.Seconds;
        metrics["images-per-second"] = (manifest.Count + metrics["samples.test"]) / Math.Max(1e-9, seconds);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = metrics,
            Facts = new Dictionary<string, string>
            {
                ["source"] = source.Description,
                ["shape"] = string.Join('×', manifest.Shape),
                ["classes"] = string.Join(", ", manifest.Classes),
            },
            Seconds = seconds,
        }));
    }

    private static void Check(int clusters, IImageSource source, long images)
    {
        if (images == 0 && source is EncodedImageSource { Bad: [var first, ..] bad })
        {
            throw new ParisInputException($"none of the {bad.Count} files of '{source.Description}' can be read; the first: {first.Reason}");
        }

        if (clusters > images)
        {
            throw new ParisInputException($"clustering.clusters is {clusters}, but '{source.Description}' has only {images} images; use at most {images}.");
        }
    }

    private static void Tell(JobContext context, EncodedImageSource files, Dictionary<string, BlobEntry> outputs, Dictionary<string, double> metrics)
    {
        metrics["bad-files"] = files.Bad.Count;
        metrics["duplicates"] = files.Duplicates;
        (metrics["read-seconds"], metrics["decode-seconds"], metrics["resize-seconds"]) = files.Seconds;
        if (files.Bad.Count > 0)
        {
            var lines = string.Concat(files.Bad.Select(x => JsonSerializer.Serialize(new { name = x.Name, reason = x.Reason }) + "\n"));
            outputs["bad-files"] = JobContext.Await(context.Fence.PutOutputAsync("bad-files.jsonl", Encoding.UTF8.GetBytes(lines)));
        }
    }

    private static void Put(JobContext context, string role, MemoryStream captions, Dictionary<string, BlobEntry> outputs)
    {
        if (captions.Length > 0)
        {
            captions.Position = 0;
            outputs[role] = JobContext.Await(context.Fence.PutOutputAsync($"{role}.jsonl", captions));
        }
    }

    private static ShardManifest Write(JobContext context, IImageSource source, string prefix, MemoryStream captions, ProgressMeter meter, long done)
    {
        int[] shape = [source.Channels, source.Side, source.Side];
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), prefix, ShardContent.Pixels, shape, expected: source.Count);
        var pixels = new byte[source.Channels * source.Side * source.Side];
        var captioned = 0L;
        while (source.TryRead(pixels, out var label, out var caption))
        {
            if (caption is null && context.Spec.Text is not null && label >= 0 && label < source.Classes.Count)
            {
                caption = source.Classes[(int)label];
            }

            if (caption is not null)
            {
                CaptionLines.Append(captions, writer.Count, caption);
                captioned++;
            }

            JobContext.Await(writer.AddAsync(pixels, writer.Count, label));
            if (writer.Count % 64 == 0)
            {
                context.ThrowIfStopRequested();
                meter.Report(done + writer.Count);
            }
        }

        meter.Report(done + writer.Count);
        return JobContext.Await(writer.CompleteAsync()) with { Classes = source.Classes, Captions = captioned, Source = source.Description };
    }
}
