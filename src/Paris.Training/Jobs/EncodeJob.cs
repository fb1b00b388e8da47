using System.Globalization;
using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Data;
using Paris.Training.Text;
using static TorchSharp.torch;

namespace Paris.Training.Jobs;

/// <summary>
/// Pixel shards to what the models are trained on. With an autoencoder: latents F32 [N, c, h, w], the mean of the posterior, standardised
/// a channel by the scale that the autoencoder's file carries (<see cref="LatentScale"/>); without one the pixels as they are. In runs with
/// text every sample also gets its encoded caption, F16. Outputs: <c>manifest</c>; with text <c>null-text</c> (the empty caption's encoding)
/// and, in the first revision, <c>text-encoder…</c>: all that a prompt's encoding needs.
/// </summary>
public sealed class EncodeJob : IJob
{
    private const int Batch = 256;

    /// <exception cref="ParisInputException">The spec has neither autoencoder nor text, or a file does not fit the spec or the images.</exception>
    public void Run(JobContext context)
    {
        var spec = context.Spec;
        if (!spec.NeedsEncoding())
        {
            throw new ParisInputException("There is nothing to encode with: the spec has no 'autoencoder' and no 'text', so the run works on pixels.");
        }

        var ingested = context.Require(JobKind.Ingest, revision: context.Job.Revision).Outputs;
        var images = JobContext.Await(ShardManifest.LoadAsync(context.Store, ingested["manifest"]));
        var captions = spec.Text is null ? null : ReadCaptions(context, ingested);
        var outputs = new Dictionary<string, BlobEntry>();
        var facts = new Dictionary<string, string>();
        using var encoder = captions is null ? null : OpenEncoder(context, captions, outputs, facts);
        using var codec = LatentCodec.Load(context);
        var latents = spec.Autoencoder is not null;
        var (channels, side) = spec.LatentShape();
        var meter = new ProgressMeter(context, images.Count, "images");
        int[] shape = [channels, side, side];
        var size = channels * side * side * (latents ? sizeof(float) : 1);
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "shard", latents ? ShardContent.Latents : ShardContent.Pixels, shape, expected: images.Count, text: encoder?.Shape);
        foreach (var shard in images.ReadShards(context))
        {
            for (var first = 0; first < shard.Count; first += Batch)
            {
                context.ThrowIfStopRequested();
                var count = Math.Min(Batch, shard.Count - first);
                ReadOnlySpan<byte> values = latents
                    ? MemoryMarshal.AsBytes(Encode(codec, shard, first, count).AsSpan())
                    : shard.Values.Span.Slice(first * shard.SampleSize, count * shard.SampleSize);
                var text = encoder is null ? null : Halves(encoder.Encode([.. shard.Ids.AsSpan(first, count).ToArray().Select(id => captions!.GetValueOrDefault(id, ""))]));
                for (var i = 0; i < count; i++)
                {
                    JobContext.Await(writer.AddAsync(
                        values.Slice(i * size, size),
                        shard.Ids[first + i],
                        shard.Labels[first + i],
                        sequence: text is null ? default : text.SequenceOf(i),
                        pooled: text is null ? default : text.PooledOf(i)));
                }

                meter.Report(writer.Count);
            }
        }

        var manifest = JobContext.Await(writer.CompleteAsync()) with { Classes = images.Classes, Source = images.Source, Captions = captions?.Count ?? 0, NullText = outputs.GetValueOrDefault("null-text") };
        outputs["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", manifest.ToBytes()));
        facts["shape"] = string.Join('×', shape);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = new Dictionary<string, double> { ["samples"] = manifest.Count, ["captions"] = manifest.Captions, ["images-per-second"] = manifest.Count / Math.Max(1e-9, meter.Seconds) },
            Facts = facts,
            Seconds = meter.Seconds,
        }));
    }

    private static SortedDictionary<long, string> ReadCaptions(JobContext context, IReadOnlyDictionary<string, BlobEntry> ingested)
    {
        if (!ingested.TryGetValue("captions", out var entry))
        {
            throw new ParisInputException("the run is conditioned on text, but its images have no captions; run the job 'ingest' again.");
        }

        return new SortedDictionary<long, string>(CaptionLines.Read(JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, entry.Name, entry.Sha256, default)), entry.Name));
    }

    /// <summary>The encoder: made by the first revision, which also leaves it in the store; later ones read their captions with the same.</summary>
    private static ITextEncoder OpenEncoder(JobContext context, SortedDictionary<long, string> captions, Dictionary<string, BlobEntry> outputs, Dictionary<string, string> facts)
    {
        ITextEncoder encoder;
        if (context.Job.Revision > 1)
        {
            encoder = TextEncoders.Load(context);
        }
        else
        {
            encoder = TextEncoders.Create(context, [.. captions.Values]);
            foreach (var (role, entry) in TextEncoders.Save(context, encoder))
            {
                outputs[role] = entry;
            }
        }

        outputs["null-text"] = JobContext.Await(context.Fence.PutOutputAsync("null-text.safetensors", TextFile.ToBytes(encoder.Encode([""]))));
        facts["text-encoder"] = encoder.Name;
        facts["text-shape"] = encoder.Shape.ToString();
        if (encoder is WordsTextEncoder words)
        {
            facts["words"] = words.Words.Words.Count.ToString(CultureInfo.InvariantCulture);
        }

        return encoder;
    }

    private static ShardText Halves(EncodedText text)
    {
        return new ShardText(text.Shape, Round(text.Sequence), Round(text.Pooled));

        static byte[] Round(float[] values)
        {
            var bytes = new byte[values.Length * ShardText.Width];
            FloatFormats.SingleToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes.AsSpan()));
            return bytes;
        }
    }

    private static float[] Encode(LatentCodec codec, Shard shard, int first, int count)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var images = empty([count, shard.Shape[0], shard.Shape[1], shard.Shape[2]], ScalarType.Float32);
        var pixels = MemoryMarshal.Cast<byte, float>(images.bytes);
        for (var i = 0; i < count; i++)
        {
            shard.CopyTo(first + i, pixels.Slice(i * shard.SampleSize, shard.SampleSize));
        }

        return MemoryMarshal.Cast<byte, float>(codec.Encode(images).contiguous().bytes).ToArray();
    }
}
