using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Jobs;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>A run's autoencoder as a decoder of standardised latents.</summary>
public sealed class LatentDecoder : IDisposable
{
    private readonly Autoencoder _model;
    private readonly LatentScale _scale;

    private LatentDecoder(Autoencoder model, LatentScale scale)
    {
        _model = model;
        _scale = scale;
    }

    /// <summary>Channels of the images.</summary>
    public int Channels => _model.Channels;

    /// <summary>The autoencoder that the run trained; null in pixel space.</summary>
    /// <exception cref="ParisInputException">It is not finished, or its file does not fit the spec.</exception>
    public static LatentDecoder? Load(JobContext context)
    {
        if (context.Spec.Autoencoder is not { } spec)
        {
            return null;
        }

        var entry = context.Require(JobKind.TrainAutoencoder).Outputs["model"];
        var bytes = JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, entry.Name, entry.Sha256, default));
        using var file = SafetensorsFile.FromBytes(bytes, entry.Name);
        var model = new Autoencoder(context.Spec.Data.Channels, spec.LatentChannels, spec.Width);
        WeightFile.Load(model, file);
        model.eval();
        return new LatentDecoder(model, LatentScale.Parse(file.Metadata, entry.Name));
    }

    /// <summary>Standardised latents [N, L, h, w] to images [N · C · 4h · 4w], about −1 … 1.</summary>
    public float[] Decode(Tensor latents)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var mean = tensor([.. _scale.Mean], [1, _scale.Mean.Count, 1, 1], ScalarType.Float32);
        var std = tensor([.. _scale.Std], [1, _scale.Std.Count, 1, 1], ScalarType.Float32);
        var images = _model.Decode((latents * std) + mean);
        return MemoryMarshal.Cast<byte, float>(images.contiguous().bytes).ToArray();
    }

    public void Dispose() => _model.Dispose();
}
