using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>The decoder of <see cref="AutoencoderKL"/>: the middle block, levels upwards, norm, convolution to the images' channels.</summary>
internal sealed class KLDecoder : NamedModule<Tensor, Tensor>
{
    private readonly Conv2d _in;
    private readonly MiddleBlock _middle;
    private readonly Level[] _levels;
    private readonly GroupNorm _norm;
    private readonly Conv2d _out;

    public KLDecoder(AutoencoderKLShape shape)
        : base(nameof(KLDecoder))
    {
        var widths = shape.Widths.Reverse().ToArray();
        _in = nn.Conv2d(shape.LatentChannels, widths[0], 3, padding: 1);
        _middle = new MiddleBlock(widths[0], shape);
        _levels = [.. widths.Select((width, i) => new Level(widths[Math.Max(i - 1, 0)], width, shape.BlocksPerLevel + 1, false, i < widths.Length - 1, shape))];
        _norm = new GroupNorm(widths[^1], shape.Groups, shape.NormEps);
        _out = nn.Conv2d(widths[^1], shape.Channels, 3, padding: 1);
        register_module("conv_in", _in);
        register_module("mid_block", _middle);
        register_module("up_blocks", new ModuleList<Level>(_levels));
        register_module("conv_norm_out", _norm);
        register_module("conv_out", _out);
    }

    /// <summary>The norms of <see cref="Rise"/> in their order, each with the levels that have run when it has.</summary>
    public IReadOnlyList<(GroupNorm Norm, int Levels)> RisingNorms =>
        [.. _levels.SelectMany((level, i) => NormsOf(level).Select(norm => (norm, i + 1))), (_norm, _levels.Length + 1)];

    /// <summary>Latents [B, L, h, w] to images [B, C, fh, fw].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return Rise(Middle(x)).MoveToOuterDisposeScope();
    }

    /// <summary>What sees the whole picture, at the size of the latents: [B, L, h, w] to [B, D, h, w].</summary>
    public Tensor Middle(Tensor x)
    {
        using var scope = NewDisposeScope();
        return _middle.call(_in.call(x)).MoveToOuterDisposeScope();
    }

    /// <summary>The rest, local but for the statistics of its norms: [B, D, h, w] to [B, C, fh, fw].</summary>
    /// <param name="x">What <see cref="Middle"/> made.</param>
    /// <param name="levels">Run this many levels and return what they make; all and the last convolutions unless given.</param>
    public Tensor Rise(Tensor x, int levels = int.MaxValue)
    {
        using var scope = NewDisposeScope();
        foreach (var level in _levels.Take(levels))
        {
            x = level.call(x);
        }

        return (levels > _levels.Length ? _out.call(nn.functional.silu(_norm.call(x))) : x).MoveToOuterDisposeScope();
    }

    private static IEnumerable<GroupNorm> NormsOf(nn.Module module) =>
        module is GroupNorm norm ? [norm] : module.named_children().SelectMany(child => NormsOf(child.module));
}
