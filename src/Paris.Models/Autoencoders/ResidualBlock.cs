using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>x + conv(SiLU(GN(conv(SiLU(GN(x)))))); a 1×1 convolution brings x to another number of channels.</summary>
internal sealed class ResidualBlock : NamedModule<Tensor, Tensor>
{
    private readonly GroupNorm _norm1;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _conv1;
    private readonly Conv2d _conv2;
    private readonly Conv2d? _shortcut;

    public ResidualBlock(int inputs, int outputs, AutoencoderKLShape shape)
        : base(nameof(ResidualBlock))
    {
        _norm1 = new GroupNorm(inputs, shape.Groups, shape.NormEps);
        _conv1 = nn.Conv2d(inputs, outputs, 3, padding: 1);
        _norm2 = new GroupNorm(outputs, shape.Groups, shape.NormEps);
        _conv2 = nn.Conv2d(outputs, outputs, 3, padding: 1);
        register_module("norm1", _norm1);
        register_module("conv1", _conv1);
        register_module("norm2", _norm2);
        register_module("conv2", _conv2);
        if (inputs != outputs)
        {
            _shortcut = nn.Conv2d(inputs, outputs, 1);
            register_module("conv_shortcut", _shortcut);
        }
    }

    /// <summary>[B, C, H, W] to [B, C', H, W].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var h = _conv1.call(nn.functional.silu(_norm1.call(x)));
        h = _conv2.call(nn.functional.silu(_norm2.call(h)));
        return ((_shortcut?.call(x) ?? x) + h).MoveToOuterDisposeScope();
    }
}
