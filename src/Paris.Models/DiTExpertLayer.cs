using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>One layer of the expert: modulated self-attention, cross-attention (no norm on q, no gate), modulated MLP.</summary>
public sealed class DiTExpertLayer : NamedModule<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly double _eps;
    private readonly Parameter _table; // [6, D]
    private readonly Attention _attention;
    private readonly Attention? _crossAttention;
    private readonly Mlp _mlp;

    public DiTExpertLayer(DiTShape shape)
        : base(nameof(DiTExpertLayer))
    {
        _eps = shape.NormEps;
        _table = new Parameter(zeros(6, shape.Hidden));
        _attention = new Attention(shape.Hidden, shape.Heads);
        _mlp = new Mlp(shape.Hidden, shape.MlpHidden, shape.Hidden, Activations.GeluTanh);
        register_parameter("scale_shift_table", _table);
        register_module("attn", _attention);
        if (shape.Condition == ConditionKind.Text)
        {
            _crossAttention = new Attention(shape.Hidden, shape.Heads);
            register_module("cross_attn", _crossAttention);
        }

        register_module("mlp", _mlp);
    }

    /// <summary>x [B, N, D], shared modulation t0 [B, 6, D], text y [B, M, D] or null; returns [B, N, D].</summary>
    public override Tensor forward(Tensor x, Tensor t0, Tensor? y)
    {
        using var scope = NewDisposeScope();
        var m = (_table + t0).chunk(6, 1); // shift_msa, scale_msa, gate_msa, shift_mlp, scale_mlp, gate_mlp: each [B, 1, D]
        x = Modulation.Gated(x, m[2], _attention.call(Modulation.Normalised(x, m[0], m[1], _eps)));
        if (_crossAttention is not null)
        {
            x = x + _crossAttention.Cross(x, y!);
        }

        return Modulation.Gated(x, m[5], _mlp.call(Modulation.Normalised(x, m[3], m[4], _eps))).MoveToOuterDisposeScope();
    }
}
