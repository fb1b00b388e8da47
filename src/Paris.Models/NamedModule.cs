using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// A module whose keys are exactly those it registers by name. The library would add every field that holds a tensor or a module a
/// second time, under its C# name, as soon as the module becomes part of another one.
/// </summary>
public abstract class NamedModule(string name) : nn.Module(name)
{
    protected sealed override void RegisterComponents()
    {
    }
}

/// <inheritdoc cref="NamedModule"/>
public abstract class NamedModule<T, TResult>(string name) : nn.Module<T, TResult>(name)
{
    protected sealed override void RegisterComponents()
    {
    }
}

/// <inheritdoc cref="NamedModule"/>
public abstract class NamedModule<T1, T2, TResult>(string name) : nn.Module<T1, T2, TResult>(name)
{
    protected sealed override void RegisterComponents()
    {
    }
}

/// <inheritdoc cref="NamedModule"/>
public abstract class NamedModule<T1, T2, T3, TResult>(string name) : nn.Module<T1, T2, T3, TResult>(name)
{
    protected sealed override void RegisterComponents()
    {
    }
}
