using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// Multi-head attention with a packed input projection, rows q, k, v (keys <c>in_proj_weight</c>, <c>in_proj_bias</c>, <c>out_proj.*</c>);
/// no dropout; causal where asked for.
/// </summary>
public sealed class Attention : NamedModule<Tensor, Tensor>
{
    private readonly int _hidden;
    private readonly int _heads;
    private readonly bool _causal;
    private readonly Parameter _inWeight; // [3D, D]
    private readonly Parameter _inBias; // [3D]
    private readonly Linear _out;

    /// <param name="hidden">D.</param>
    /// <param name="heads">H; divides D.</param>
    /// <param name="causal">In self-attention, a token sees itself and those before it only.</param>
    public Attention(int hidden, int heads, bool causal = false)
        : base(nameof(Attention))
    {
        (_hidden, _heads, _causal) = (hidden, heads, causal);
        _inWeight = new Parameter(empty(3L * hidden, hidden));
        _inBias = new Parameter(zeros(3L * hidden));
        _out = nn.Linear(hidden, hidden);
        register_parameter("in_proj_weight", _inWeight);
        register_parameter("in_proj_bias", _inBias);
        register_module("out_proj", _out);
    }

    /// <summary>Self-attention: x [B, N, D] to [B, N, D].</summary>
    public override Tensor forward(Tensor x)
    {
        var (batch, tokens) = (x.shape[0], x.shape[1]);
        var qkv = nn.functional.linear(x, _inWeight, _inBias) // [B, N, 3D]
            .view(batch, tokens, 3, _heads, _hidden / _heads)
            .permute(2, 0, 3, 1, 4); // [3, B, H, N, D/H]
        return Mix(qkv.select(0, 0), qkv.select(0, 1), qkv.select(0, 2), batch, tokens, _causal);
    }

    /// <summary>Cross-attention: queries x [B, N, D], keys and values y [B, M, D]; result [B, N, D].</summary>
    public Tensor Cross(Tensor x, Tensor y)
    {
        var (batch, tokens, length) = (x.shape[0], x.shape[1], y.shape[1]);
        var width = _hidden / _heads;
        var q = nn.functional.linear(x, _inWeight.narrow(0, 0, _hidden), _inBias.narrow(0, 0, _hidden))
            .view(batch, tokens, _heads, width).transpose(1, 2); // [B, H, N, D/H]
        var kv = nn.functional.linear(y, _inWeight.narrow(0, _hidden, 2L * _hidden), _inBias.narrow(0, _hidden, 2L * _hidden))
            .view(batch, length, 2, _heads, width).permute(2, 0, 3, 1, 4); // [2, B, H, M, D/H]
        return Mix(q, kv.select(0, 0), kv.select(0, 1), batch, tokens, false);
    }

    private Tensor Mix(Tensor q, Tensor k, Tensor v, long batch, long tokens, bool causal)
    {
        var mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_casual: causal); // [B, H, N, D/H]
        return _out.call(mixed.transpose(1, 2).reshape(batch, tokens, _hidden));
    }
}
