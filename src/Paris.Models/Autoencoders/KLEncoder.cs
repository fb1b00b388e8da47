using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>The encoder of <see cref="AutoencoderKL"/>: levels downwards, the middle block, norm, convolution to 2L channels.</summary>
internal sealed class KLEncoder : NamedModule<Tensor, Tensor>
{
    private readonly Conv2d _in;
    private readonly Level[] _levels;
    private readonly MiddleBlock _middle;
    private readonly GroupNorm _norm;
    private readonly Conv2d _out;

    public KLEncoder(AutoencoderKLShape shape)
        : base(nameof(KLEncoder))
    {
        var widths = shape.Widths;
        _in = nn.Conv2d(shape.Channels, widths[0], 3, padding: 1);
        _levels = [.. widths.Select((width, i) => new Level(widths[Math.Max(i - 1, 0)], width, shape.BlocksPerLevel, i < widths.Length - 1, false, shape))];
        _middle = new MiddleBlock(widths[^1], shape);
        _norm = new GroupNorm(widths[^1], shape.Groups, shape.NormEps);
        _out = nn.Conv2d(widths[^1], 2L * shape.LatentChannels, 3, padding: 1);
        register_module("conv_in", _in);
        register_module("down_blocks", new ModuleList<Level>(_levels));
        register_module("mid_block", _middle);
        register_module("conv_norm_out", _norm);
        register_module("conv_out", _out);
    }

    /// <summary>Images [B, C, H, W] to [B, 2L, H/f, W/f].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = _in.call(x);
        foreach (var level in _levels)
        {
            x = level.call(x);
        }

        return _out.call(nn.functional.silu(_norm.call(_middle.call(x)))).MoveToOuterDisposeScope();
    }
}
