namespace TorchSharp.Modules;

/// <summary>The initial values that layers of the library have until somebody sets others.</summary>
internal static class Uniform
{
    internal static Parameter Parameter(double bound, params long[] shape)
    {
        var data = torch.empty(shape);
        data.uniform_(-bound, bound);
        return new Parameter(data);
    }
}
