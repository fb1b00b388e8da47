using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Data;
using static TorchSharp.torch;

namespace Paris.Training.Jobs;

/// <summary>
/// Pixel shards to latent shards: the mean of the autoencoder's posterior, standardised a channel by the scale that the autoencoder's file
/// carries (<see cref="LatentScale"/>). Output: <c>manifest</c> (F32 or F16 [N, c, h, w]; one shard a shard of pixels). A part encodes its
/// share of the shards (<see cref="Core.Scheduling.DataParts"/>).
/// </summary>
public sealed class EncodeJob : IJob
{
    // Of a size that does not depend on parts or slots: what is computed together decides the last bits.
    private const int Batch = 256;

    /// <exception cref="ParisInputException">The spec has no autoencoder, or its file does not fit the spec or the images.</exception>
    public void Run(JobContext context)
    {
        var spec = context.Spec;
        if (spec.Autoencoder is null)
        {
            throw new ParisInputException("There is nothing to encode with: the spec has no 'autoencoder', so the run works on pixels.");
        }

        var (channels, side) = spec.LatentShape();
        int[] shape = [channels, side, side];
        var facts = new Dictionary<string, string> { ["shape"] = string.Join('×', shape) };
        if (context.Joins())
        {
            DataPartReading.JoinManifests(context, facts);
            return;
        }

        var images = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Ingest, revision: context.Job.Revision).Outputs["manifest"]));
        using var codec = LatentCodec.Load(context);
        var type = spec.Data.Precision == "fp16" ? TensorType.F16 : TensorType.F32;
        var (start, end) = context.Share(images.Shards.Count);
        var mine = images.Shards.Skip(start).Take(end - start).ToArray();
        var meter = new ProgressMeter(context, mine.Sum(x => (long)x.Count), "images");
        var size = channels * side * side;
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "shard", ShardContent.Latents, shape, expected: mine.Length == 0 ? 1 : mine.Max(x => x.Count), type: type);
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
                var latents = Encode(codec, shard, first, count);
                seconds += context.Time.GetElapsedTime(began).TotalSeconds;
                for (var i = 0; i < count; i++)
                {
                    var latent = latents.AsSpan(i * size, size);
                    Check(latent, type, shard.Ids[first + i]);
                    JobContext.Await(writer.AddAsync(latent, shard.Ids[first + i], shard.Labels[first + i]));
                }

                meter.Report(writer.Count);
            }
        }

        var manifest = JobContext.Await(writer.CompleteAsync()) with { Classes = images.Classes, Source = images.Source };
        var metrics = new Dictionary<string, double> { ["samples"] = manifest.Count, ["encode-seconds"] = seconds };
        WorkFacts.Add(context, meter.Seconds, metrics, facts);
        WorkFacts.Rates(manifest.Count, meter.Seconds, metrics);
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = new Dictionary<string, BlobEntry> { ["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", manifest.ToBytes())) },
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
