using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Encoders;

/// <summary>One layer of DINOv2: x + γ₁·Attention(LN(x)), then x + γ₂·MLP(LN(x)); the γ are learned scales a channel.</summary>
public sealed class DinoV2Layer : NamedModule<Tensor, Tensor>
{
    private readonly LayerNorm _norm1;
    private readonly LayerNorm _norm2;
    private readonly Attention _attention;
    private readonly nn.Module<Tensor, Tensor> _mlp;
    private readonly Parameter _scale1; // [D]
    private readonly Parameter _scale2; // [D]

    public DinoV2Layer(DinoV2Shape shape)
        : base(nameof(DinoV2Layer))
    {
        _norm1 = new LayerNorm(shape.Hidden, shape.NormEps);
        _norm2 = new LayerNorm(shape.Hidden, shape.NormEps);
        _attention = new Attention(shape.Hidden, shape.Heads);
        _mlp = shape.SwiGlu
            ? new SwiGlu(shape.Hidden, shape.MlpHidden)
            : new Mlp(shape.Hidden, shape.MlpHidden, shape.Hidden, nn.functional.gelu);
        _scale1 = new Parameter(ones(shape.Hidden));
        _scale2 = new Parameter(ones(shape.Hidden));
        register_module("norm1", _norm1);
        register_module("attn", _attention);
        register_parameter("ls1", _scale1);
        register_module("norm2", _norm2);
        register_module("mlp", _mlp);
        register_parameter("ls2", _scale2);
    }

    /// <summary>x [B, N, D] to [B, N, D].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = x + (_scale1 * _attention.call(_norm1.call(x)));
        return (x + (_scale2 * _mlp.call(_norm2.call(x)))).MoveToOuterDisposeScope();
    }
}
