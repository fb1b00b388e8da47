using Paris.Core;
using Paris.Core.Formats;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>
/// The Stable Diffusion autoencoder (Paris uses sd-vae-ft-mse): images in −1 … 1 to latents of an eighth of their sides and back. Golden
/// numbers: fixture autoencoder-kl-tiny (CompVis/stable-diffusion). Weights load from files with the key names of diffusers, of older
/// diffusers (which sd-vae-ft-mse has) or of CompVis.
/// </summary>
public sealed class AutoencoderKL : NamedModule<Tensor, Tensor>
{
    private static readonly KeyLayout _diffusers = new("diffusers AutoencoderKL", "encoder.mid_block.attentions.0.to_q.weight", [], pointwise: true);

    private static readonly KeyLayout _olderDiffusers = new(
        "older diffusers AutoencoderKL",
        "encoder.mid_block.attentions.0.query.weight",
        [(@"\.to_q\.", ".query."), (@"\.to_k\.", ".key."), (@"\.to_v\.", ".value."), (@"\.to_out\.0\.", ".proj_attn.")],
        pointwise: true);

    private readonly KLEncoder _encoder;
    private readonly KLDecoder _decoder;
    private readonly Conv2d _quantise;
    private readonly Conv2d _unquantise;

    public AutoencoderKL(AutoencoderKLShape shape)
        : base(nameof(AutoencoderKL))
    {
        Shape = shape;
        _encoder = new KLEncoder(shape);
        _decoder = new KLDecoder(shape);
        _quantise = nn.Conv2d(2L * shape.LatentChannels, 2L * shape.LatentChannels, 1);
        _unquantise = nn.Conv2d(shape.LatentChannels, shape.LatentChannels, 1);
        register_module("encoder", _encoder);
        register_module("decoder", _decoder);
        register_module("quant_conv", _quantise);
        register_module("post_quant_conv", _unquantise);
        this.KeepTensors();
    }

    public AutoencoderKLShape Shape { get; }

    /// <summary>Loads safetensors; the dimensions are read from the tensors, groups and scaling factor from the configuration where there is one.</summary>
    /// <param name="path">The weights.</param>
    /// <param name="config">Default: the <c>config.json</c> beside them.</param>
    /// <exception cref="ParisInputException">The file is no such autoencoder; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static AutoencoderKL Load(string path, ModelConfig? config = null)
    {
        using var file = SafetensorsFile.Open(path);
        return Load(file, config ?? ModelConfig.Beside(path));
    }

    /// <inheritdoc cref="Load(string, ModelConfig?)"/>
    public static AutoencoderKL Load(SafetensorsFile file, ModelConfig config)
    {
        var layout = KeyLayout.Of(file, "Stable Diffusion autoencoder", _diffusers, _olderDiffusers, CompVis(0));
        var shape = AutoencoderKLShape.Of(file, layout, config);
        return WeightFile.Loaded(() => new AutoencoderKL(shape), file, layout.Name == CompVis(0).Name ? CompVis(shape.Widths.Length) : layout);
    }

    /// <summary>Images [B, C, H, W] in −1 … 1 to the posterior's mean and log-variance, each [B, L, H/f, W/f], not scaled.</summary>
    /// <exception cref="ParisInputException">The channels differ, or a side is not divisible by f.</exception>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        var s = images.shape;
        if (s.Length != 4 || s[1] != Shape.Channels || s[2] % Shape.Factor != 0 || s[3] % Shape.Factor != 0)
        {
            throw new ParisInputException(
                $"the images are [{string.Join(", ", s)}]; this autoencoder takes [batch, {Shape.Channels}, H, W] with sides divisible by {Shape.Factor}.");
        }

        using var scope = NewDisposeScope();
        var moments = _quantise.call(_encoder.call(images)).chunk(2, 1);
        return (moments[0].MoveToOuterDisposeScope(), moments[1].clamp(-30, 20).MoveToOuterDisposeScope());
    }

    /// <summary>Latents [B, L, h, w], not scaled, to images [B, C, fh, fw]; values may leave −1 … 1 a little.</summary>
    /// <exception cref="ParisInputException">The channels differ.</exception>
    public Tensor Decode(Tensor latents)
    {
        CheckLatents(latents);
        using var scope = NewDisposeScope();
        return _decoder.call(_unquantise.call(latents)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// <see cref="Decode"/> in tiles, for images whose activations do not fit into memory at once. What sees the whole picture (attention, at
    /// the size of the latents) is computed for the whole picture; the levels above it run a tile at a time, and tiles are blended over
    /// their overlap. Their norms take the statistics of a tile, so the result is close to the whole decoder's; with
    /// <paramref name="exact"/> each norm's statistics are first gathered over all tiles, one norm after the other, and the result is equal
    /// but for what the edges of tiles do not see. That costs about ten times as much.
    /// </summary>
    /// <param name="latents">[B, L, h, w], not scaled.</param>
    /// <param name="tile">Side of a tile in latent cells.</param>
    /// <param name="overlap">Cells that neighbours share at least; below the tile.</param>
    /// <param name="exact">Statistics of the whole picture.</param>
    public Tensor DecodeTiled(Tensor latents, int tile = 64, int overlap = 16, bool exact = false)
    {
        CheckLatents(latents);
        if (tile < 2 || overlap < 0 || overlap >= tile)
        {
            throw new ParisInputException($"tiles of {tile} cells with an overlap of {overlap} cannot be: the overlap is smaller than the tile.");
        }

        var s = latents.shape;
        if (s[2] <= tile && s[3] <= tile)
        {
            return Decode(latents);
        }

        using var scope = NewDisposeScope();
        var middle = _decoder.Middle(_unquantise.call(latents));
        var (rows, columns, f) = (Tile.Along((int)s[2], tile, overlap), Tile.Along((int)s[3], tile, overlap), Shape.Factor);
        var (rowWeights, columnWeights) = (Tile.Weights(rows, overlap, f), Tile.Weights(columns, overlap, f));
        var image = zeros([s[0], Shape.Channels, s[2] * f, s[3] * f], latents.dtype, latents.device);
        var norms = exact ? _decoder.RisingNorms : [];
        try
        {
            var part = new TiledStatistics.Part();
            foreach (var (norm, levels) in norms)
            {
                norm.Tiled = new TiledStatistics(part);
                Pass(middle, rows, columns, levels, part, (_, _, _) => { });
                norm.Tiled.Fix();
            }

            Pass(middle, rows, columns, int.MaxValue, part, (r, c, picture) =>
            {
                var weights = tensor(rowWeights[r], device: latents.device).unsqueeze(1) * tensor(columnWeights[c], device: latents.device).unsqueeze(0);
                image.narrow(2, (long)rows[r].Start * f, (long)rows[r].Length * f)
                    .narrow(3, (long)columns[c].Start * f, (long)columns[c].Length * f)
                    .add_(picture * weights);
            });
            return image.MoveToOuterDisposeScope();
        }
        finally
        {
            foreach (var (norm, _) in norms)
            {
                norm.Tiled?.Dispose();
                norm.Tiled = null;
            }
        }
    }

    /// <summary>Images in −1 … 1 to what a diffusion model sees: the posterior's mean times the scaling factor.</summary>
    public Tensor ToLatents(Tensor images)
    {
        using var scope = NewDisposeScope();
        return (Encode(images).Mean * Shape.ScalingFactor).MoveToOuterDisposeScope();
    }

    /// <summary>What a diffusion model made to images: <see cref="Decode"/> of the latents over the scaling factor.</summary>
    public Tensor ToImages(Tensor latents)
    {
        using var scope = NewDisposeScope();
        return DecodeTiled(latents / Shape.ScalingFactor, tile: 128).MoveToOuterDisposeScope();
    }

    /// <summary>Images through the posterior's mean and back.</summary>
    public override Tensor forward(Tensor images)
    {
        using var scope = NewDisposeScope();
        return Decode(Encode(images).Mean).MoveToOuterDisposeScope();
    }

    private static KeyLayout CompVis(int levels) => new(
        "CompVis/stable-diffusion",
        "encoder.mid.attn_1.q.weight",
        [
            .. Enumerable.Range(0, levels).Select(i => ($@"^decoder\.up_blocks\.{i}\.", $"decoder.up.{levels - 1 - i}.")), // counted from the finest
            (@"\.down_blocks\.", ".down."),
            (@"\.(down|up)\.(\d+)\.resnets\.", ".$1.$2.block."),
            (@"\.downsamplers\.0\.", ".downsample."),
            (@"\.upsamplers\.0\.", ".upsample."),
            (@"\.mid_block\.resnets\.0\.", ".mid.block_1."),
            (@"\.mid_block\.resnets\.1\.", ".mid.block_2."),
            (@"\.mid_block\.attentions\.0\.", ".mid.attn_1."),
            (@"\.group_norm\.", ".norm."),
            (@"\.to_([qkv])\.", ".$1."),
            (@"\.to_out\.0\.", ".proj_out."),
            (@"\.conv_shortcut\.", ".nin_shortcut."),
            (@"\.conv_norm_out\.", ".norm_out."),
        ],
        unused: @"^(loss|model_ema)\.",
        pointwise: true);

    /// <summary>Every tile once through the upper levels.</summary>
    private void Pass(
        Tensor middle, IReadOnlyList<Tile> rows, IReadOnlyList<Tile> columns, int levels, TiledStatistics.Part part, Action<int, int, Tensor> use)
    {
        var (ownRows, ownColumns) = (Tile.Own(rows), Tile.Own(columns));
        for (var r = 0; r < rows.Count; r++)
        {
            for (var c = 0; c < columns.Count; c++)
            {
                using var scope = NewDisposeScope();
                (part.Rows, part.OwnRows, part.OwnColumns) = (rows[r], ownRows[r], ownColumns[c]);
                use(r, c, _decoder.Rise(middle.narrow(2, rows[r].Start, rows[r].Length).narrow(3, columns[c].Start, columns[c].Length).contiguous(), levels));
            }
        }
    }

    private void CheckLatents(Tensor latents)
    {
        var s = latents.shape;
        if (s.Length != 4 || s[1] != Shape.LatentChannels)
        {
            throw new ParisInputException($"the latents are [{string.Join(", ", s)}]; this autoencoder takes [batch, {Shape.LatentChannels}, h, w].");
        }
    }
}
