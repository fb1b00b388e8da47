using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>Self-attention of every pixel to every other, one head, behind a group norm: x + out(attention(GN(x))).</summary>
internal sealed class SpatialAttention : NamedModule<Tensor, Tensor>
{
    /// <summary>Queries at a time: the scores of a large picture do not fit into memory together.</summary>
    private const int QueryBlock = 4096;

    private readonly GroupNorm _norm;
    private readonly Linear _query;
    private readonly Linear _key;
    private readonly Linear _value;
    private readonly Linear _out;

    public SpatialAttention(int channels, AutoencoderKLShape shape)
        : base(nameof(SpatialAttention))
    {
        _norm = new GroupNorm(channels, shape.Groups, shape.NormEps);
        (_query, _key, _value, _out) = (Square(), Square(), Square(), Square());
        register_module("group_norm", _norm);
        register_module("to_q", _query);
        register_module("to_k", _key);
        register_module("to_v", _value);
        register_module("to_out", new Keyed("0", _out));

        Linear Square() => nn.Linear(channels, channels);
    }

    /// <summary>[B, C, H, W] to the same.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var tokens = _norm.call(x).flatten(2).transpose(1, 2).unsqueeze(1); // [B, 1, HW, C]
        var (q, k, v) = (_query.call(tokens), _key.call(tokens), _value.call(tokens));
        var mixed = q.split(QueryBlock, 2).Select(part => nn.functional.scaled_dot_product_attention(part, k, v)).ToList();
        var y = _out.call(cat(mixed, 2)).transpose(2, 3).reshape(x.shape); // [B, C, H, W]
        return (x + y).MoveToOuterDisposeScope();
    }
}
