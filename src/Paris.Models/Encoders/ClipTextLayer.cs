using static TorchSharp.torch;

namespace Paris.Models.Encoders;

/// <summary>One layer of CLIP's text transformer: causal self-attention and MLP, each behind a layer norm.</summary>
public sealed class ClipTextLayer : NamedModule<Tensor, Tensor>
{
    private readonly LayerNorm _norm1;
    private readonly LayerNorm _norm2;
    private readonly Attention _attention;
    private readonly Mlp _mlp;

    public ClipTextLayer(ClipTextShape shape)
        : base(nameof(ClipTextLayer))
    {
        _norm1 = new LayerNorm(shape.Hidden, shape.NormEps);
        _norm2 = new LayerNorm(shape.Hidden, shape.NormEps);
        _attention = new Attention(shape.Hidden, shape.Heads, causal: true);
        _mlp = new Mlp(shape.Hidden, shape.MlpHidden, shape.Hidden, shape.QuickGelu ? Activations.QuickGelu : nn.functional.gelu);
        register_module("ln_1", _norm1);
        register_module("attn", _attention);
        register_module("ln_2", _norm2);
        register_module("mlp", _mlp);
    }

    /// <summary>x [B, N, D] to [B, N, D].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = x + _attention.call(_norm1.call(x));
        return (x + _mlp.call(_norm2.call(x))).MoveToOuterDisposeScope();
    }
}
