using TorchSharp.PInvoke;
using static TorchSharp.torch;

namespace TorchSharp.Modules;

public sealed class Embedding : nn.Module<Tensor, Tensor>
{
    internal Embedding(long count, long dims)
        : base(nameof(Embedding))
    {
        var data = empty(count, dims);
        data.normal_();
        weight = new Parameter(data);
        register_parameter("weight", weight);
    }

    public Parameter weight { get; }

    public override unsafe Tensor forward(Tensor input) => Tensor.Binary(Native.embedding, weight, input);

    protected override void RegisterComponents()
    {
    }
}
