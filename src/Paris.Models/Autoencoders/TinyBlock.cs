using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>
/// relu(x + conv(relu(conv(relu(conv(x)))))); with a pool, x first gets a 1×1 convolution to four times the channels, a group norm over the
/// whole picture, ReLU and a 1×1 convolution back added.
/// </summary>
internal sealed class TinyBlock : NamedModule<Tensor, Tensor>
{
    private const int Groups = 4;
    private readonly Conv2d[] _convolutions;
    private readonly Conv2d? _widen;
    private readonly GroupNorm? _norm;
    private readonly Conv2d? _narrow;

    public TinyBlock(int width, bool pool)
        : base(nameof(TinyBlock))
    {
        _convolutions = [.. Enumerable.Range(0, 3).Select(_ => nn.Conv2d(width, width, 3, padding: 1))];
        register_module("conv", new Numbered((0, _convolutions[0]), (2, _convolutions[1]), (4, _convolutions[2])));
        if (pool)
        {
            _widen = nn.Conv2d(width, 4L * width, 1, bias: false);
            _norm = new GroupNorm(4 * width, Groups, 1e-5);
            _narrow = nn.Conv2d(4L * width, width, 1, bias: false);
            register_module("pool", new Numbered((0, _widen), (1, _norm), (3, _narrow)));
        }
    }

    /// <summary>[B, C, H, W] to the same.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        if (_widen is not null)
        {
            x = x + _narrow!.call(nn.functional.relu(_norm!.call(_widen.call(x))));
        }

        var h = nn.functional.relu(_convolutions[0].call(x));
        h = _convolutions[2].call(nn.functional.relu(_convolutions[1].call(h)));
        return nn.functional.relu(h + x).MoveToOuterDisposeScope();
    }
}
