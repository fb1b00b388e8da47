using static TorchSharp.torch;

namespace TorchSharp.Modules;

public sealed class Linear : nn.Module<Tensor, Tensor>
{
    internal Linear(long inputSize, long outputSize, bool hasBias)
        : base(nameof(Linear))
    {
        in_features = inputSize;
        out_features = outputSize;
        var bound = 1 / Math.Sqrt(inputSize);
        weight = Uniform.Parameter(bound, outputSize, inputSize);
        bias = hasBias ? Uniform.Parameter(bound, outputSize) : null;
        register_parameter("weight", weight);
        if (bias is not null)
        {
            register_parameter("bias", bias);
        }
    }

    public Parameter weight { get; }

    public Parameter? bias { get; }

    public long in_features { get; }

    public long out_features { get; }

    public override Tensor forward(Tensor input) => nn.functional.linear(input, weight, bias);

    protected override void RegisterComponents()
    {
    }
}
