using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// The router's readout: Linear, GELU, LayerNorm, GELU, Linear (keys 0, 2, 4). The parameter-free activations at 1 and 3 cannot be read
/// from published weights; GELU(tanh) is what the fixtures' reference implementation uses.
/// </summary>
public sealed class RouterHead : NamedModule<Tensor, Tensor>
{
    private readonly double _eps;
    private readonly Linear _first;
    private readonly Parameter _normWeight;
    private readonly Parameter _normBias;
    private readonly Linear _last;

    public RouterHead(DiTShape shape, int clusters)
        : base(nameof(RouterHead))
    {
        _eps = shape.NormEps;
        _first = nn.Linear(shape.Hidden, shape.Hidden);
        _normWeight = new Parameter(ones(shape.Hidden));
        _normBias = new Parameter(zeros(shape.Hidden));
        _last = nn.Linear(shape.Hidden, clusters);
        register_module("0", _first);
        register_module("2", new Affine(_normWeight, _normBias));
        register_module("4", _last);
    }

    /// <summary>[B, D] to logits [B, K].</summary>
    public override Tensor forward(Tensor x)
    {
        var h = Activations.GeluTanh(_first.call(x));
        h = nn.functional.layer_norm(h, [h.shape[^1]], _normWeight, _normBias, _eps);
        return _last.call(Activations.GeluTanh(h));
    }

    /// <summary>The norm's parameters under their key.</summary>
    private sealed class Affine : NamedModule
    {
        public Affine(Parameter weight, Parameter bias)
            : base(nameof(Affine))
        {
            register_parameter("weight", weight);
            register_parameter("bias", bias);
        }
    }
}
