using Paris.Core;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Models;
using Paris.Models.Autoencoders;
using Paris.Training.Jobs;
using static TorchSharp.torch;

namespace Paris.Training.Data;

/// <summary>
/// Between pictures (−1 … 1) and what the diffusion models see: standardised latents of the run's own autoencoder (its file carries the mean
/// and standard deviation of each latent channel over the data), latents of a published AutoencoderKL (posterior mean × scaling factor;
/// Paris: 0.18215), or the pictures themselves in pixel space.
/// </summary>
public sealed class LatentCodec : IDisposable
{
    /// <summary>Output of the autoencoder job: the <c>config.json</c> of published weights.</summary>
    public const string ConfigRole = TrainedCompanions.AutoencoderConfigRole;

    /// <summary>Pixels that a published autoencoder works on at once: four pictures of 256² take about 1 GB.</summary>
    private const long PixelsAtOnce = 4 * 256 * 256;

    private readonly Autoencoder? _own;
    private readonly AutoencoderKL? _published;
    private readonly Tensor? _mean; // [1, L, 1, 1]
    private readonly Tensor? _std;

    private LatentCodec(Autoencoder? own = null, LatentScale? scale = null, AutoencoderKL? published = null)
    {
        (_own, _published) = (own, published);
        _mean = scale is null ? null : tensor([.. scale.Mean], [1, scale.Mean.Count, 1, 1], ScalarType.Float32).DetachFromDisposeScope();
        _std = scale is null ? null : tensor([.. scale.Std], [1, scale.Std.Count, 1, 1], ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>The codec of the run: from its import, or from the result of its autoencoder job.</summary>
    /// <exception cref="ParisInputException">The autoencoder is not there yet, or its file does not fit the spec.</exception>
    public static LatentCodec Load(JobContext context)
    {
        if (context.Spec.Import is not null)
        {
            return LoadImported(context);
        }

        if (context.Spec.Autoencoder is not { } spec)
        {
            return new LatentCodec();
        }

        var result = context.Require(JobKind.TrainAutoencoder);
        return spec.Weights is null ? LoadOwn(context, spec, result.Outputs["model"]) : LoadPublished(context, spec, result);
    }

    /// <summary>Pictures [B, C, H, W] to latents [B, L, H/f, W/f]; the caller's dispose scope owns the result.</summary>
    public Tensor Encode(Tensor pictures)
        => _published is not null ? InParts(pictures, pictures.shape[2] * pictures.shape[3], _published.ToLatents)
        : _own is null ? pictures
        : (_own.Encode(pictures).Mean - _mean!) / _std!;

    /// <summary>Latents back to pictures [B, C, H, W], which may leave −1 … 1 a little; the caller's dispose scope owns the result.</summary>
    public Tensor Decode(Tensor latents)
    {
        var f = _published?.Shape.Factor ?? 1;
        return _published is not null ? InParts(latents, latents.shape[2] * latents.shape[3] * f * f, _published.ToImages)
            : _own is null ? latents
            : _own.Decode((latents * _std!) + _mean!);
    }

    public void Dispose()
    {
        _own?.Dispose();
        _published?.Dispose();
        _mean?.Dispose();
        _std?.Dispose();
    }

    /// <summary>Refuses an autoencoder that does not make what the spec says: L channels, side/f.</summary>
    /// <exception cref="ParisInputException">The message names the key to change.</exception>
    internal static void Check(AutoencoderKLShape shape, string source, AutoencoderSpec spec, DataSpec data)
    {
        if (shape.LatentChannels != spec.LatentChannels)
        {
            throw new ParisInputException($"{source} makes {shape.LatentChannels} latent channels; set 'autoencoder.latentChannels' to that, not {spec.LatentChannels}.");
        }

        if (shape.Factor != spec.PixelsPerLatent())
        {
            throw new ParisInputException($"{source} makes one latent of {shape.Factor} pixels along a side; set 'autoencoder.factor' to that, not {spec.PixelsPerLatent()}.");
        }

        if (shape.Channels != data.Channels)
        {
            throw new ParisInputException($"{source} takes pictures of {shape.Channels} channels; set 'data.channels' to that, not {data.Channels}.");
        }
    }

    private static LatentCodec LoadOwn(JobContext context, AutoencoderSpec spec, BlobEntry entry)
    {
        using var file = context.OpenTensors(entry);
        var scale = LatentScale.Parse(file.Metadata, entry.Name);
        if (scale.Mean.Count != spec.LatentChannels)
        {
            throw new ParisInputException($"'{entry.Name}' scales {scale.Mean.Count} latent channels, but the spec has {spec.LatentChannels}.");
        }

        return new LatentCodec(WeightFile.Loaded(() => new Autoencoder(context.Spec.Data.Channels, spec.LatentChannels, spec.Width), file), scale);
    }

    private static LatentCodec LoadPublished(JobContext context, AutoencoderSpec spec, JobResult result)
    {
        var config = result.Outputs.TryGetValue(ConfigRole, out var entry)
            ? ModelConfig.Parse(JobContext.Await(ShardManifest.ReadVerifiedAsync(context.Store, entry.Name, entry.Sha256, default)), entry.Name)
            : ModelConfig.Empty;
        var model = result.Outputs["model"];
        AutoencoderKL? autoencoder = null;
        try
        {
            context.ReadTensors(model, file => autoencoder = AutoencoderKL.Load(file, config));
            Check(autoencoder!.Shape, model.Name, spec, context.Spec.Data);
            return new LatentCodec(published: autoencoder);
        }
        catch
        {
            autoencoder?.Dispose();
            throw;
        }
    }

    private static LatentCodec LoadImported(JobContext context)
    {
        var import = context.Spec.Import!;
        if (!import.Autoencoder)
        {
            return import.LatentChannels is 1 or 3
                ? new LatentCodec()
                : throw new ParisInputException(
                    $"run '{context.Spec.Name}' was imported without an autoencoder: its latents of {import.LatentChannels} channels are no pictures. Import the folder again with 'vae' in it.");
        }

        var codec = ImportedFiles.Read(context, "vae", (file, config) => Autoencoder.IsIn(file)
            ? new LatentCodec(scale: LatentScale.Parse(file.Metadata, file.Source), own: Autoencoder.Load(file))
            : new LatentCodec(published: AutoencoderKL.Load(file, config)));
        var channels = codec._own?.LatentChannels ?? codec._published!.Shape.LatentChannels;
        if (channels == import.LatentChannels)
        {
            return codec;
        }

        codec.Dispose();
        throw new ParisInputException(
            $"run '{context.Spec.Name}': the imported autoencoder has {channels} latent channels, its experts {import.LatentChannels}; import the folder again with the 'vae' that belongs to it.");
    }

    /// <summary>A few pictures at a time: memory does not grow with the batch.</summary>
    private static Tensor InParts(Tensor batch, long pixels, Func<Tensor, Tensor> convert)
    {
        var count = batch.shape[0];
        var part = Math.Max(1, PixelsAtOnce / Math.Max(1, pixels));
        if (count <= part)
        {
            return convert(batch);
        }

        using var scope = NewDisposeScope();
        var parts = new List<Tensor>();
        for (var first = 0L; first < count; first += part)
        {
            parts.Add(convert(batch.narrow(0, first, Math.Min(part, count - first)).contiguous()));
        }

        return cat(parts, 0).MoveToOuterDisposeScope();
    }
}
