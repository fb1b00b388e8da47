using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>A module under one more key, where the published names count an activation as position 0 (<c>t_block.1</c>, <c>adaLN_modulation.1</c>).</summary>
internal sealed class Keyed : NamedModule
{
    public Keyed(string key, nn.Module module)
        : base(nameof(Keyed)) => register_module(key, module);
}
