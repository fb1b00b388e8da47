using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Jobs;
using Paris.Training.Data;
using static TorchSharp.torch;

namespace Paris.Training.Jobs;

/// <summary>
/// Pixel shards to latent shards: the mean of the autoencoder's posterior, standardised a channel by the scale that the autoencoder's file
/// carries (<see cref="LatentScale"/>). Output: <c>manifest</c> (F32 [N, c, h, w]).
/// </summary>
public sealed class EncodeJob : IJob
{
    private const int Batch = 256;

    /// <exception cref="ParisInputException">The spec has no autoencoder, or its file does not fit the spec or the images.</exception>
    public void Run(JobContext context)
    {
        var spec = context.Spec;
        if (spec.Autoencoder is null)
        {
            throw new ParisInputException("There is nothing to encode with: the spec has no 'autoencoder', so the run works on pixels.");
        }

        var images = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Ingest, revision: context.Job.Revision).Outputs["manifest"]));
        using var codec = LatentCodec.Load(context);
        var (channels, side) = spec.LatentShape();
        var meter = new ProgressMeter(context, images.Count, "images");
        int[] shape = [channels, side, side];
        var size = channels * side * side;
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "shard", ShardContent.Latents, shape, expected: images.Count);
        foreach (var shard in images.ReadShards(context))
        {
            for (var first = 0; first < shard.Count; first += Batch)
            {
                context.ThrowIfStopRequested();
                var count = Math.Min(Batch, shard.Count - first);
                var latents = Encode(codec, shard, first, count);
                for (var i = 0; i < count; i++)
                {
                    JobContext.Await(writer.AddAsync(latents.AsSpan(i * size, size), shard.Ids[first + i], shard.Labels[first + i]));
                }

                meter.Report(writer.Count);
            }
        }

        var manifest = JobContext.Await(writer.CompleteAsync()) with { Classes = images.Classes, Source = images.Source };
        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = new Dictionary<string, BlobEntry> { ["manifest"] = JobContext.Await(context.Fence.PutOutputAsync("manifest.json", manifest.ToBytes())) },
            Metrics = new Dictionary<string, double> { ["samples"] = manifest.Count, ["images-per-second"] = manifest.Count / Math.Max(1e-9, meter.Seconds) },
            Facts = new Dictionary<string, string> { ["shape"] = string.Join('×', shape) },
            Seconds = meter.Seconds,
        }));
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
