namespace TorchSharp.Modules;

/// <summary>A tensor that a module trains. It takes the given tensor over, which is then empty.</summary>
public class Parameter : torch.Tensor
{
    public Parameter(torch.Tensor data, bool requires_grad = true)
        : base(Take(data, requires_grad, out var scope), register: false)
    {
        scope?.Add(this);
    }

    private static nint Take(torch.Tensor data, bool requiresGrad, out DisposeScope? scope)
    {
        data.requires_grad = requiresGrad;
        scope = data.OwningDisposeScope;
        scope?.Remove(data);
        return data.MoveHandle();
    }
}
