using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Models;
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

        var images = JobContext.Await(ShardManifest.LoadAsync(context.Store, context.Require(JobKind.Ingest).Outputs["manifest"]));
        var model = context.Require(JobKind.TrainAutoencoder).Outputs["model"];
        var weights = JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, model.Name, model.Sha256, default));
        using var file = SafetensorsFile.FromBytes(weights, model.Name);
        var scale = LatentScale.Parse(file.Metadata, model.Name);
        if (scale.Mean.Count != spec.Autoencoder.LatentChannels)
        {
            throw new ParisInputException($"'{model.Name}' scales {scale.Mean.Count} latent channels, but the spec has {spec.Autoencoder.LatentChannels}.");
        }

        using var autoencoder = new Autoencoder(spec.Data.Channels, spec.Autoencoder.LatentChannels, spec.Autoencoder.Width);
        WeightFile.Load(autoencoder, file);
        autoencoder.eval();

        var meter = new ProgressMeter(context, images.Count, "images");
        int[] shape = [spec.Autoencoder.LatentChannels, images.Shape[1] / Autoencoder.Factor, images.Shape[2] / Autoencoder.Factor];
        var size = shape[0] * shape[1] * shape[2];
        var writer = new ShardWriter((name, content) => context.Fence.PutOutputAsync(name, content), "shard", ShardContent.Latents, shape, expected: images.Count);
        foreach (var shard in images.ReadShards(context))
        {
            for (var first = 0; first < shard.Count; first += Batch)
            {
                context.ThrowIfStopRequested();
                var count = Math.Min(Batch, shard.Count - first);
                var latents = Encode(autoencoder, shard, first, count);
                scale.Standardise(latents, shape[1] * shape[2]);
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

    private static float[] Encode(Autoencoder autoencoder, Shard shard, int first, int count)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var images = empty([count, shard.Shape[0], shard.Shape[1], shard.Shape[2]], ScalarType.Float32);
        var pixels = MemoryMarshal.Cast<byte, float>(images.bytes);
        for (var i = 0; i < count; i++)
        {
            shard.CopyTo(first + i, pixels.Slice(i * shard.SampleSize, shard.SampleSize));
        }

        var (mean, _) = autoencoder.Encode(images);
        return MemoryMarshal.Cast<byte, float>(mean.contiguous().bytes).ToArray();
    }
}
