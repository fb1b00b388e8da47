using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>One layer of the router: AdaLN-Zero with its own projection of the time, self-attention, MLP.</summary>
public sealed class DiTRouterLayer : NamedModule<Tensor, Tensor, Tensor>
{
    private readonly int _hidden;
    private readonly double _eps;
    private readonly Linear _modulation;
    private readonly Attention _attention;
    private readonly Mlp _mlp;

    public DiTRouterLayer(DiTShape shape)
        : base(nameof(DiTRouterLayer))
    {
        (_hidden, _eps) = (shape.Hidden, shape.NormEps);
        _modulation = nn.Linear(shape.Hidden, 6L * shape.Hidden);
        _attention = new Attention(shape.Hidden, shape.Heads);
        _mlp = new Mlp(shape.Hidden, shape.MlpHidden, shape.Hidden, Activations.GeluTanh);
        register_module("adaLN_modulation", new Keyed("1", _modulation));
        register_module("attn", _attention);
        register_module("mlp", _mlp);
    }

    /// <summary>x [B, N, D], SiLU of the time embedding [B, D]; returns [B, N, D].</summary>
    public override Tensor forward(Tensor x, Tensor activatedTime)
    {
        var m = _modulation.call(activatedTime).view(x.shape[0], 6, _hidden).chunk(6, 1); // each [B, 1, D]
        x = Modulation.Gated(x, m[2], _attention.call(Modulation.Normalised(x, m[0], m[1], _eps)));
        return Modulation.Gated(x, m[5], _mlp.call(Modulation.Normalised(x, m[3], m[4], _eps)));
    }
}
