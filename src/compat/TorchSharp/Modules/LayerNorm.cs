using static TorchSharp.torch;

namespace TorchSharp.Modules;

public sealed class LayerNorm : nn.Module<Tensor, Tensor>
{
    private readonly long[] _shape;
    private readonly double _eps;

    internal LayerNorm(long[] normalizedShape, double eps, bool elementwiseAffine, bool hasBias)
        : base(nameof(LayerNorm))
    {
        _shape = normalizedShape;
        _eps = eps;
        if (elementwiseAffine)
        {
            weight = new Parameter(ones(normalizedShape));
            register_parameter("weight", weight);
            if (hasBias)
            {
                bias = new Parameter(zeros(normalizedShape));
                register_parameter("bias", bias);
            }
        }
    }

    public Parameter? weight { get; }

    public Parameter? bias { get; }

    public override Tensor forward(Tensor tensor) => nn.functional.layer_norm(tensor, _shape, weight, bias, _eps);

    protected override void RegisterComponents()
    {
    }
}
