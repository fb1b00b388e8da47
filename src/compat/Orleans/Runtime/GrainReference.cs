using System.Reflection;

namespace Orleans.Runtime;

/// <summary>The address of a grain, behind the proxies that <see cref="IGrainFactory"/> returns.</summary>
public class GrainReference : DispatchProxy, IAddressable, IEquatable<GrainReference>
{
    protected GrainReference()
    {
    }

    public GrainId GrainId { get; private set; }

    public GrainInterfaceType InterfaceType { get; private set; }

    internal InProcessClient Runtime { get; private set; } = null!;

    internal Type Interface { get; private set; } = null!;

    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    public sealed override bool Equals(object? obj) => Equals(obj as GrainReference);

    public sealed override int GetHashCode() => GrainId.GetHashCode();

    public sealed override string ToString() => $"GrainReference:{GrainId}";

    internal static object Create(Type type, GrainId id, InProcessClient runtime)
    {
        var proxy = Create(type, typeof(GrainReferenceProxy));
        var reference = (GrainReference)proxy;
        reference.GrainId = id;
        reference.Interface = type;
        reference.InterfaceType = GrainClass.InterfaceTypeOf(type);
        reference.Runtime = runtime;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var method = MethodShape.Of(targetMethod!);

        // Inside a grain the call leaves from that grain's silo, wherever the reference came from.
        var runtime = Activation.Current?.Silo.Client ?? Runtime;
        return method.ToReturn(runtime.CallAsync(GrainId, method, args ?? []));
    }
}

/// <summary>The base class of the generated proxies; <see cref="DispatchProxy"/> needs a public constructor.</summary>
internal class GrainReferenceProxy : GrainReference
{
    public GrainReferenceProxy()
    {
    }
}
