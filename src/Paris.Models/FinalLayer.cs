using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>The expert's last layer: modulated by the time embedding itself (no SiLU, no projection), then one Linear to p·p·C.</summary>
public sealed class FinalLayer : NamedModule<Tensor, Tensor, Tensor>
{
    private readonly double _eps;
    private readonly Parameter _table; // [2, D]
    private readonly Linear _linear;

    public FinalLayer(DiTShape shape)
        : base(nameof(FinalLayer))
    {
        _eps = shape.NormEps;
        _table = new Parameter(zeros(2, shape.Hidden));
        _linear = nn.Linear(shape.Hidden, (long)shape.Patch * shape.Patch * shape.Channels);
        register_parameter("scale_shift_table", _table);
        register_module("linear", _linear);
    }

    /// <summary>x [B, N, D], time embedding [B, D]; returns [B, N, p·p·C].</summary>
    public override Tensor forward(Tensor x, Tensor tEmb)
    {
        var m = (_table + tEmb.unsqueeze(1)).chunk(2, 1); // shift, scale: each [B, 1, D]
        return _linear.call(Modulation.Normalised(x, m[0], m[1], _eps));
    }
}
