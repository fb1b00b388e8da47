using Paris.Core;
using Paris.Core.Jobs;
using Paris.Models;
using Paris.Training.Jobs;
using static TorchSharp.torch;

namespace Paris.Training.Data;

/// <summary>
/// Between pictures (−1 … 1) and what the diffusion models see: standardised latents of the run's autoencoder, or the pictures
/// themselves in pixel space. The autoencoder's file carries the mean and standard deviation of each latent channel over the data.
/// </summary>
public sealed class LatentCodec : IDisposable
{
    private readonly Autoencoder? _autoencoder;
    private readonly Tensor? _mean; // [1, L, 1, 1]
    private readonly Tensor? _std;

    private LatentCodec(Autoencoder? autoencoder, LatentScale? scale)
    {
        _autoencoder = autoencoder;
        _mean = scale is null ? null : tensor([.. scale.Mean], [1, scale.Mean.Count, 1, 1], ScalarType.Float32).DetachFromDisposeScope();
        _std = scale is null ? null : tensor([.. scale.Std], [1, scale.Std.Count, 1, 1], ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>The codec of the run, from the result of its autoencoder job.</summary>
    /// <exception cref="ParisInputException">The autoencoder is not trained yet, or its file does not fit the spec.</exception>
    public static LatentCodec Load(JobContext context)
    {
        if (context.Spec.Autoencoder is not { } spec)
        {
            return new LatentCodec(null, null);
        }

        var entry = context.Require(JobKind.TrainAutoencoder).Outputs["model"];
        using var file = context.OpenTensors(entry);
        var scale = LatentScale.Parse(file.Metadata, entry.Name);
        if (scale.Mean.Count != spec.LatentChannels)
        {
            throw new ParisInputException($"'{entry.Name}' scales {scale.Mean.Count} latent channels, but the spec has {spec.LatentChannels}.");
        }

        var autoencoder = new Autoencoder(context.Spec.Data.Channels, spec.LatentChannels, spec.Width);
        try
        {
            WeightFile.Load(autoencoder, file);
        }
        catch
        {
            autoencoder.Dispose();
            throw;
        }

        return new LatentCodec(autoencoder, scale);
    }

    /// <summary>Pictures [B, C, H, W] to latents [B, L, H/4, W/4] of about unit variance; the caller's dispose scope owns the result.</summary>
    public Tensor Encode(Tensor pictures) => _autoencoder is null ? pictures : (_autoencoder.Encode(pictures).Mean - _mean!) / _std!;

    /// <summary>Latents back to pictures [B, C, H, W]; the caller's dispose scope owns the result.</summary>
    public Tensor Decode(Tensor latents) => _autoencoder is null ? latents : _autoencoder.Decode((latents * _std!) + _mean!);

    public void Dispose()
    {
        _autoencoder?.Dispose();
        _mean?.Dispose();
        _std?.Dispose();
    }
}
