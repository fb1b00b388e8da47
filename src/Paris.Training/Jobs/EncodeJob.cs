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
/// Pixel shards to what the models are trained on; one shard a shard of pixels. With an autoencoder: latents F32 or F16 [N, c, h, w], the mean
/// of the posterior, standardised a channel by the scale that the autoencoder's file carries (<see cref="LatentScale"/>); without one the
/// pixels as they are. In runs with text every sample also gets its encoded caption, F16. Outputs: <c>manifest</c>; with text <c>null-text</c>
/// (the empty caption's encoding) and, in the first revision, <c>text-encoder…</c>: all that a prompt's encoding needs. A part encodes its
/// share of the shards (<see cref="Core.Scheduling.DataParts"/>); the encoder follows from the captions, so that every part makes the same one,
/// and the job that joins them keeps it.
/// </summary>
public sealed class EncodeJob : IJob
{
    // Of a size that does not depend on parts or slots: what is computed together decides the last bits.
    private const int Batch = 256;

    /// <exception cref="ParisInputException">The spec has neither autoencoder nor text, or a file does not fit the spec or the images.</exception>
    public void Run(JobContext context)
    {
        var spec = context.Spec;
        if (!spec.NeedsEncoding())
        {
            throw new ParisInputException("There is nothing to encode with: the spec has no 'autoencoder' and no 'text', so the run works on pixels.");
        }

        var (channels, side) = spec.LatentShape();
        int[] shape = [channels, side, side];
        var outputs = new Dictionary<string, BlobEntry>();
        var facts = new Dictionary<string, string> { ["shape"] = string.Join('×', shape) };
        var ingested = context.Require(JobKind.Ingest, revision: context.Job.Revision).Outputs;
        var captions = spec.Text is null ? null : ReadCaptions(context, ingested);
        using var encoder = captions is null ? null : OpenEncoder(context, captions, facts);
        if (encoder is not null && context.Job.DataPart is null)
        {
            Keep(context, encoder, outputs);
        }

        ShardManifest Complete(ShardManifest manifest) => manifest with { Captions = captions?.Count ?? 0, NullText = outputs.GetValueOrDefault("null-text") };
        if (context.Joins())
        {
            DataPartReading.JoinManifests(context, facts, outputs, Complete);
            return;
        }

        var images = JobContext.Await(ShardManifest.LoadAsync(context.Store, ingested["manifest"]));
        using var codec = LatentCodec.Load(context);
        var latents = spec.Autoencoder is not null;
        var type = latents && spec.Data.Precision == "fp16" ? TensorType.F16 : ShardContent.TypeOf(latents ? ShardContent.Latents : ShardContent.Pixels);
        var (start, end) = context.Share(images.Shards.Count);
        var mine = images.Shards.Skip(start).Take(end - start).ToArray();
        var meter = new ProgressMeter(context, mine.Sum(x => (long)x.Count), "images");
        var size = channels * side * side;
        var writer = new ShardWriter(
            (name, content) => context.Fence.PutOutputAsync(name, content),
            "shard",
            latents ? ShardContent.Latents : ShardContent.Pixels,
            shape,
            expected: mine.Length == 0 ? 1 : mine.Max(x => x.Count),
            type: type,
            text: encoder?.Shape);
        var seconds = 0.0;
        foreach (var (number, entry) in mine.Index())
        {
            context.ThrowIfStopRequested();
            JobContext.Await(writer.BeginShardAsync(start + number));
            var shard = JobContext.Await(images.ReadShardAsync(context.Store, entry));
            for (var first = 0; first < shard.Count; first += Batch)
            {
                context.ThrowIfStopRequested();
                var count = Math.Min(Batch, shard.Count - first);
                var began = context.Time.GetTimestamp();
                var encoded = latents ? Encode(codec, shard, first, count) : null;
                var text = encoder is null ? null : Halves(encoder.Encode([.. shard.Ids.AsSpan(first, count).ToArray().Select(id => captions!.GetValueOrDefault(id, ""))]));
                seconds += context.Time.GetElapsedTime(began).TotalSeconds;
                for (var i = 0; i < count; i++)
                {
                    var (id, label) = (shard.Ids[first + i], shard.Labels[first + i]);
                    var sequence = text is null ? default : text.SequenceOf(i);
                    var pooled = text is null ? default : text.PooledOf(i);
                    if (encoded is null)
                    {
                        JobContext.Await(writer.AddAsync(shard.BytesOf(first + i), id, label, sequence: sequence, pooled: pooled));
                        continue;
                    }

                    var latent = encoded.AsSpan(i * size, size);
                    Check(latent, type, id);
                    JobContext.Await(writer.AddAsync(latent, id, label, sequence: sequence, pooled: pooled));
                }

                meter.Report(writer.Count);
            }
        }

        var manifest = Complete(JobContext.Await(writer.CompleteAsync()) with { Classes = images.Classes, Source = images.Source });
        outputs["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", manifest.ToBytes()));
        var metrics = new Dictionary<string, double> { ["samples"] = manifest.Count, ["captions"] = manifest.Captions, ["encode-seconds"] = seconds };
        WorkFacts.Add(context, meter.Seconds, metrics, facts);
        WorkFacts.Rates(manifest.Count, meter.Seconds, metrics);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = metrics,
            Facts = facts,
            Seconds = meter.Seconds,
        }));
    }

    private static void Check(ReadOnlySpan<float> latent, TensorType type, long id)
    {
        var most = type == TensorType.F16 ? (float)Half.MaxValue : float.MaxValue;
        foreach (var value in latent)
        {
            if (!(Math.Abs(value) <= most))
            {
                throw new ParisInputException($"The latent of sample {id} holds {value}, which {type} cannot; {(float.IsFinite(value) ? "set data.precision to fp32" : "the autoencoder's weights are damaged")}.");
            }
        }
    }

    private static SortedDictionary<long, string> ReadCaptions(JobContext context, IReadOnlyDictionary<string, BlobEntry> ingested)
    {
        if (!ingested.TryGetValue("captions", out var entry))
        {
            throw new ParisInputException("the run is conditioned on text, but its images have no captions; run the job 'ingest' again.");
        }

        return new SortedDictionary<long, string>(CaptionLines.Read(JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, entry.Name, entry.Sha256, default)), entry.Name));
    }

    /// <summary>The encoder: made from the first revision's captions; later ones read their captions with the same.</summary>
    private static ITextEncoder OpenEncoder(JobContext context, SortedDictionary<long, string> captions, Dictionary<string, string> facts)
    {
        var encoder = context.Job.Revision > 1 ? TextEncoders.Load(context) : TextEncoders.Create(context, [.. captions.Values]);
        facts["text-encoder"] = encoder.Name;
        facts["text-shape"] = encoder.Shape.ToString();
        if (encoder is WordsTextEncoder words)
        {
            facts["words"] = words.Words.Words.Count.ToString(CultureInfo.InvariantCulture);
        }

        return encoder;
    }

    /// <summary>Leaves in the store what prompts and dropped captions are encoded with.</summary>
    private static void Keep(JobContext context, ITextEncoder encoder, Dictionary<string, BlobEntry> outputs)
    {
        if (context.Job.Revision == 1)
        {
            foreach (var (role, entry) in TextEncoders.Save(context, encoder))
            {
                outputs[role] = entry;
            }
        }

        outputs["null-text"] = JobContext.Await(context.Fence.PutOutputAsync("null-text.safetensors", TextFile.ToBytes(encoder.Encode([""]))));
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
