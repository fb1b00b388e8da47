using static TorchSharp.torch;

namespace TorchSharp.Modules;

/// <summary>Modules one after the other.</summary>
public class Sequential : nn.Module<Tensor, Tensor>
{
    private readonly List<nn.Module<Tensor, Tensor>> _modules = [];

    internal Sequential(IEnumerable<(string Name, nn.Module<Tensor, Tensor> Module)> modules)
        : base(nameof(Sequential))
    {
        foreach (var (name, module) in modules)
        {
            register_module(name, module);
            _modules.Add(module);
        }
    }

    public override Tensor forward(Tensor tensor)
    {
        if (_modules.Count == 0)
        {
            return tensor.alias();
        }

        var result = _modules[0].forward(tensor);
        for (var i = 1; i < _modules.Count; i++)
        {
            var next = _modules[i].forward(result);
            result.Dispose();
            result = next;
        }

        return result;
    }

    protected override void RegisterComponents()
    {
    }
}
