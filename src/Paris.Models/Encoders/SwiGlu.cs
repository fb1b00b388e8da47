using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Encoders;

/// <summary>The gated feed-forward network of ViT-g: w3(SiLU(a)·b) with (a, b) = w12(x).</summary>
public sealed class SwiGlu : NamedModule<Tensor, Tensor>
{
    private readonly Linear _in;
    private readonly Linear _out;

    public SwiGlu(int width, int hidden)
        : base(nameof(SwiGlu))
    {
        _in = nn.Linear(width, 2L * hidden);
        _out = nn.Linear(hidden, width);
        register_module("w12", _in);
        register_module("w3", _out);
    }

    /// <summary>[…, D] to […, D].</summary>
    public override Tensor forward(Tensor x)
    {
        var parts = _in.call(x).chunk(2, -1);
        return _out.call(nn.functional.silu(parts[0]) * parts[1]);
    }
}
