using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>Residual blocks at one size, then a change of size (a stride-2 convolution down, doubling and a convolution up) where there is one.</summary>
internal sealed class Level : NamedModule<Tensor, Tensor>
{
    private readonly ResidualBlock[] _blocks;
    private readonly Conv2d? _down;
    private readonly Conv2d? _up;

    public Level(int inputs, int outputs, int blocks, bool down, bool up, AutoencoderKLShape shape)
        : base(nameof(Level))
    {
        _blocks = [.. Enumerable.Range(0, blocks).Select(i => new ResidualBlock(i == 0 ? inputs : outputs, outputs, shape))];
        register_module("resnets", new ModuleList<ResidualBlock>(_blocks));
        if (down)
        {
            _down = nn.Conv2d(outputs, outputs, 3, stride: 2);
            register_module("downsamplers", new ModuleList<Keyed>(new Keyed("conv", _down)));
        }

        if (up)
        {
            _up = nn.Conv2d(outputs, outputs, 3, padding: 1);
            register_module("upsamplers", new ModuleList<Keyed>(new Keyed("conv", _up)));
        }
    }

    /// <summary>[B, C, H, W] to [B, C', H', W'].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        foreach (var block in _blocks)
        {
            x = block.call(x);
        }

        x = _down is not null ? _down.call(Rescale.PadBelowAndRight(x)) : _up is not null ? _up.call(Rescale.Double(x)) : x;
        return x.MoveToOuterDisposeScope();
    }
}
