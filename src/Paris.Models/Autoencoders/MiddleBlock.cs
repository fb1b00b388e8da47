using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>The coarsest level of encoder and decoder: residual block, attention, residual block.</summary>
internal sealed class MiddleBlock : NamedModule<Tensor, Tensor>
{
    private readonly ResidualBlock _first;
    private readonly SpatialAttention _attention;
    private readonly ResidualBlock _second;

    public MiddleBlock(int width, AutoencoderKLShape shape)
        : base(nameof(MiddleBlock))
    {
        _first = new ResidualBlock(width, width, shape);
        _attention = new SpatialAttention(width, shape);
        _second = new ResidualBlock(width, width, shape);
        register_module("resnets", new ModuleList<ResidualBlock>(_first, _second));
        register_module("attentions", new ModuleList<SpatialAttention>(_attention));
    }

    /// <summary>[B, C, H, W] to the same.</summary>
    public override Tensor forward(Tensor x) => _second.call(_attention.call(_first.call(x)));
}
