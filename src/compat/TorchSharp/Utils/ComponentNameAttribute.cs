namespace TorchSharp.Utils;

/// <summary>The name of a field in the module's state dictionary.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class ComponentNameAttribute : Attribute
{
    public string? Name { get; set; }
}
