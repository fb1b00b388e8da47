using System.Globalization;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>Modules under numbers, where the published names count what has no weights too.</summary>
internal sealed class Numbered : NamedModule
{
    public Numbered(params ReadOnlySpan<(int Number, nn.Module Module)> modules)
        : base(nameof(Numbered))
    {
        foreach (var (number, module) in modules)
        {
            register_module(number.ToString(CultureInfo.InvariantCulture), module);
        }
    }
}
