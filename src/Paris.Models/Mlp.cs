using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Linear, activation, Linear (keys <c>0</c> and <c>2</c>).</summary>
public sealed class Mlp : NamedModule<Tensor, Tensor>
{
    private readonly Linear _first;
    private readonly Linear _second;
    private readonly Func<Tensor, Tensor> _activation;

    public Mlp(int inputs, int hidden, int outputs, Func<Tensor, Tensor> activation)
        : base(nameof(Mlp))
    {
        _first = nn.Linear(inputs, hidden);
        _second = nn.Linear(hidden, outputs);
        _activation = activation;
        register_module("0", _first);
        register_module("2", _second);
    }

    /// <summary>[…, inputs] to […, outputs].</summary>
    public override Tensor forward(Tensor x) => _second.call(_activation(_first.call(x)));
}
