using System.Globalization;
using System.Security.Cryptography;
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
/// A sample's id is its number in the source. Shards are cut by these numbers, so that they are the same in whatever parts the source is
/// read (<see cref="Core.Scheduling.DataParts"/>); a part leaves <c>digests</c> too, by which the job that joins them finds exact duplicates.
/// </summary>
public sealed class IngestJob : IJob
{
    public void Run(JobContext context)
    {
        if (context.Joins())
        {
            Join(context);
            return;
        }

        // A later revision's images are those of one expert.
        var data = context.Ensemble.Change?.DataOf(context.Spec) ?? context.Spec.Data;
        var metrics = new Dictionary<string, double>();
        var facts = new Dictionary<string, string>();
        using var source = ImageSources.Open(data, context.SourceRoots);
        Check(context, source.Count, source.Description);
        TextEncoders.CheckSources(context);

        // The held-out images are few: the first part reads them.
        using var test = (context.Job.DataPart ?? 0) == 0 ? ImageSources.OpenTest(data, context.SourceRoots) : null;
        int[] shape = [source.Channels, source.Side, source.Side];
        var perShard = Math.Min(ShardWriter.CapacityOf(ShardContent.Pixels, shape), context.Spec.Data.ShardSamples);
        var (first, end) = context.Share((source.Count + perShard - 1) / perShard);
        var mine = Math.Min(end * perShard, source.Count) - (first * perShard);
        var meter = new ProgressMeter(context, Math.Max(0, mine) + (test?.Count ?? 0), "images");
        var images = Read(context, source, first, end, perShard, meter);
        if (test is not null)
        {
            var held = Read(context, test, 0, (test.Count + perShard - 1) / perShard, perShard, meter, "test", done: mine);
            images = images with { Test = held.Manifest, TestBad = held.Bad, TestCaptions = held.Captions };
        }

        if (source is EncodedImageSource files)
        {
            (metrics["read-seconds"], metrics["decode-seconds"], metrics["resize-seconds"]) = files.Seconds;
            foreach (var (format, (count, seconds)) in files.Decoded)
            {
                (metrics[$"images.{format}"], metrics[$"decode-seconds.{format}"]) = (count, seconds);
            }
        }

        metrics["read-images"] = images.Manifest.Count + (images.Test?.Count ?? 0);
        WorkFacts.Add(context, meter.Seconds, metrics, facts);
        facts["source"] = source.Description;
        if (context.Job.DataPart is null)
        {
            WorkFacts.Rates(metrics["read-images"], meter.Seconds, metrics);
            Commit(context, [images], metrics, facts, meter.Seconds);
            return;
        }

        metrics["samples"] = images.Manifest.Count;
        metrics["bad-files"] = images.Bad.Count;
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult { Job = context.Job, Outputs = images.Save(context), Metrics = metrics, Facts = facts, Seconds = meter.Seconds }));
    }

    private static void Join(JobContext context)
    {
        var results = context.RequireParts();
        var meter = new ProgressMeter(context, results.Count, "parts");
        var parts = new List<IngestedImages>();
        foreach (var result in results)
        {
            context.ThrowIfStopRequested();
            parts.Add(IngestedImages.Load(context, result));
            meter.Report(parts.Count);
        }

        var metrics = new Dictionary<string, double> { ["parts"] = results.Count };
        var facts = new Dictionary<string, string> { ["source"] = results[0].Facts["source"] };
        DataPartReading.Sum(results, metrics, name => name is "read-images" || name.Contains("-seconds", StringComparison.Ordinal) || name.StartsWith("images.", StringComparison.Ordinal));
        var seconds = WorkFacts.Join(results, metrics["read-images"], metrics, facts);
        Commit(context, parts, metrics, facts, seconds + meter.Seconds);
    }

    /// <summary>Joins the parts, looks for duplicates, and commits.</summary>
    private static void Commit(JobContext context, IReadOnlyList<IngestedImages> parts, Dictionary<string, double> metrics, Dictionary<string, string> facts, double seconds)
    {
        var drop = (context.Ensemble.Change?.DataOf(context.Spec) ?? context.Spec.Data).Duplicates == "drop";
        var joined = DataPartReading.Join([.. parts.Select(x => x.Manifest)]);
        var (manifest, duplicates, dropped) = Duplicates(context, joined, [.. parts.SelectMany(x => x.Digests)], drop);
        var all = new IngestedImages
        {
            Manifest = manifest,
            Digests = [],
            Captions = dropped.Count == 0 ? [.. parts.SelectMany(x => x.Captions)] : [.. parts.SelectMany(x => x.Captions).Where(x => !dropped.Contains(CaptionLines.IdOf(x)))],
            Bad = [.. parts.SelectMany(x => x.Bad), .. parts[0].TestBad],
            Test = parts[0].Test,
            TestCaptions = parts[0].TestCaptions,
        };
        all = all with { Manifest = manifest with { Captions = all.Captions.Count } };
        if (all.Bad is [var bad, ..] && manifest.Count == 0)
        {
            throw new ParisInputException($"none of the {all.Bad.Count} files of '{facts["source"]}' can be read; the first: {JsonSerializer.Deserialize<JsonElement>(bad).GetProperty("reason").GetString()}");
        }

        Check(context, manifest.Count, facts["source"]);
        if (context.Spec.Text is not null && all.Captions.Count == 0)
        {
            throw new ParisInputException($"the run is conditioned on text, but none of the {manifest.Count} images of '{facts["source"]}' has a caption or a class; add captions (folder: NAME.txt beside the image), or remove 'text'.");
        }

        var outputs = new Dictionary<string, BlobEntry> { ["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", all.Manifest.ToBytes())) };
        all.SaveLines(context, outputs);
        metrics["samples"] = manifest.Count;
        metrics["samples.test"] = all.Test?.Count ?? 0;
        metrics["captions"] = all.Captions.Count;
        metrics["bad-files"] = all.Bad.Count;
        metrics["duplicates"] = duplicates;
        for (var label = 0; label < manifest.ClassCounts.Count; label++)
        {
            metrics[string.Create(CultureInfo.InvariantCulture, $"class.{label}")] = manifest.ClassCounts[label];
        }

        facts["shape"] = string.Join('×', manifest.Shape);
        facts["classes"] = string.Join(", ", manifest.Classes);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult { Job = context.Job, Outputs = outputs, Metrics = metrics, Facts = facts, Seconds = seconds }));
    }

    /// <summary>Counts images whose pixels came before; to drop them, the shards that hold some are written anew without.</summary>
    private static (ShardManifest Manifest, long Duplicates, HashSet<long> Dropped) Duplicates(JobContext context, ShardManifest manifest, UInt128[] digests, bool drop)
    {
        var seen = new HashSet<UInt128>(digests.Length);
        var again = new bool[digests.Length];
        var duplicates = 0L;
        for (var i = 0; i < digests.Length; i++)
        {
            again[i] = !seen.Add(digests[i]);
            duplicates += again[i] ? 1 : 0;
        }

        var dropped = new HashSet<long>();
        if (!drop || duplicates == 0)
        {
            return (manifest, duplicates, dropped);
        }

        var shards = new List<ShardEntry>();
        var counts = manifest.ClassCounts.ToArray();
        var first = 0;
        foreach (var (number, entry) in manifest.Shards.Index())
        {
            if (again.AsSpan(first, entry.Count).Contains(true))
            {
                context.ThrowIfStopRequested();
                var shard = JobContext.Await(manifest.ReadShardAsync(context.Store, entry));
                var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "kept", manifest.Content, manifest.Shape, expected: shard.Count);
                JobContext.Await(writer.BeginShardAsync(number));
                for (var i = 0; i < shard.Count; i++)
                {
                    if (!again[first + i])
                    {
                        JobContext.Await(writer.AddAsync(shard.BytesOf(i), shard.Ids[i], shard.Labels[i]));
                        continue;
                    }

                    dropped.Add(shard.Ids[i]);
                    if (shard.Labels[i] >= 0)
                    {
                        counts[shard.Labels[i]]--;
                    }
                }

                shards.AddRange(JobContext.Await(writer.CompleteAsync()).Shards);
            }
            else
            {
                shards.Add(entry);
            }

            first += entry.Count;
        }

        return (manifest with { Shards = shards, Count = manifest.Count - duplicates, ClassCounts = counts }, duplicates, dropped);
    }

    private static void Check(JobContext context, long images, string source)
    {
        var clusters = context.Job.Revision == 1 ? context.Spec.Clustering.Clusters : 1;
        if (clusters > images)
        {
            throw new ParisInputException($"clustering.clusters is {clusters}, but '{source}' has only {images} images; use at most {images}.");
        }
    }

    /// <summary>Reads the images of the shards <paramref name="first"/> … <paramref name="end"/> − 1.</summary>
    private static IngestedImages Read(JobContext context, IImageSource source, int first, int end, int perShard, ProgressMeter meter, string prefix = "shard", long done = 0)
    {
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), prefix, ShardContent.Pixels, [source.Channels, source.Side, source.Side], expected: source.Count);
        var pixels = new byte[source.Channels * source.Side * source.Side];
        var captions = new List<string>();
        var digests = new List<UInt128>();
        for (var shard = first; shard < end; shard++)
        {
            JobContext.Await(writer.BeginShardAsync(shard));
            source.Select(shard * perShard, (shard + 1) * perShard);
            while (source.TryRead(pixels, out var label, out var caption))
            {
                if (caption is null && context.Spec.Text is not null && label >= 0 && label < source.Classes.Count)
                {
                    caption = source.Classes[(int)label];
                }

                if (caption is not null)
                {
                    captions.Add(CaptionLines.Of(source.Position, caption));
                }

                digests.Add(BitConverter.ToUInt128(SHA256.HashData(pixels)));
                JobContext.Await(writer.AddAsync(pixels, source.Position, label));
                context.ThrowIfStopRequested();
                meter.Report(done + source.Position + 1 - (first * (long)perShard));
            }
        }

        var manifest = JobContext.Await(writer.CompleteAsync());
        return new IngestedImages
        {
            Manifest = manifest with { Classes = source.Classes, Captions = captions.Count, Source = source.Description },
            Digests = digests,
            Captions = captions,
            Bad = source is EncodedImageSource files ? [.. files.Bad.Select(x => JsonSerializer.Serialize(new { name = x.Name, reason = x.Reason }))] : [],
        };
    }
}
