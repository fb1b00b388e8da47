using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Layer norm over the last side with a learned scale and offset (keys <c>weight</c>, <c>bias</c>).</summary>
public sealed class LayerNorm : NamedModule<Tensor, Tensor>
{
    private readonly double _eps;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    public LayerNorm(int width, double eps)
        : base(nameof(LayerNorm))
    {
        _eps = eps;
        _weight = new Parameter(ones(width));
        _bias = new Parameter(zeros(width));
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    /// <summary>[…, D] to […, D].</summary>
    public override Tensor forward(Tensor x) => nn.functional.layer_norm(x, [x.shape[^1]], _weight, _bias, _eps);
}
