using System.Globalization;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Specs;
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
    /// <summary>Metadata keys of the autoencoder's file: comma-separated numbers, one a channel.</summary>
    public const string MeanKey = "latent.mean";

    public const string StdKey = "latent.std";

    private readonly Autoencoder? _autoencoder;
    private readonly Tensor? _mean; // [1, L, 1, 1]
    private readonly Tensor? _std;

    private LatentCodec(Autoencoder? autoencoder, float[]? mean, float[]? std)
    {
        _autoencoder = autoencoder;
        _mean = mean is null ? null : tensor(mean, [1, mean.Length, 1, 1], dtype: ScalarType.Float32).DetachFromDisposeScope();
        _std = std is null ? null : tensor(std, [1, std.Length, 1, 1], dtype: ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>The shape [C, H, W] of what the models see in a run.</summary>
    public static (int Channels, int Side) ModelShape(RunSpec spec) => spec.Autoencoder is null
        ? (spec.Data.Channels, spec.Data.ImageSize)
        : (spec.Autoencoder.LatentChannels, spec.Data.ImageSize / Autoencoder.Factor);

    /// <summary>The codec of the run, from the result of its autoencoder job.</summary>
    /// <exception cref="ParisInputException">The autoencoder is not trained yet, or its file does not fit the spec.</exception>
    public static LatentCodec Load(JobContext context)
    {
        if (context.Spec.Autoencoder is not { } spec)
        {
            return new LatentCodec(null, null, null);
        }

        var entry = context.Require(JobKind.TrainAutoencoder).Outputs["model"];
        using var file = SafetensorsFile.FromBytes(JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, entry.Name, entry.Sha256, default)), entry.Name);
        var autoencoder = new Autoencoder(context.Spec.Data.Channels, spec.LatentChannels, spec.Width);
        WeightFile.Load(autoencoder, file);
        return new LatentCodec(autoencoder, Numbers(file, MeanKey, spec.LatentChannels), Numbers(file, StdKey, spec.LatentChannels));
    }

    /// <summary>What <see cref="MeanKey"/> and <see cref="StdKey"/> hold.</summary>
    public static string Format(IEnumerable<float> values) => string.Join(',', values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));

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

    private static float[] Numbers(SafetensorsFile file, string key, int count)
    {
        if (!file.Metadata.TryGetValue(key, out var text))
        {
            throw new ParisInputException($"'{file.Source}' has no metadata '{key}'; it is no autoencoder of a run.");
        }

        var values = text.Split(',').Select(v => float.TryParse(v, CultureInfo.InvariantCulture, out var x) ? x : float.NaN).ToArray();
        return values.Length == count && values.All(float.IsFinite)
            ? values
            : throw new ParisInputException($"'{file.Source}' says {key} = '{text}'; {count} numbers are needed.");
    }
}
