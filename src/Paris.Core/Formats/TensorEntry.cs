using System.Collections.Immutable;

namespace Paris.Core.Formats;

/// <summary>A tensor's name, type and shape.</summary>
public sealed record TensorSpec(string Name, TensorType Type, ImmutableArray<long> Shape)
{
    public TensorSpec(string name, TensorType type, params ReadOnlySpan<long> shape)
        : this(name, type, ImmutableArray.Create(shape))
    {
    }

    /// <summary>Elements: 1 for rank 0.</summary>
    /// <exception cref="OverflowException">The product is above 2^63 − 1.</exception>
    public long ElementCount => Shape.Aggregate(1L, (product, side) => checked(product * side));

    /// <summary>Bytes of the data.</summary>
    public long Bytes => checked(ElementCount * Type.Size());

    /// <summary>For people: <c>[2, 3]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    public bool Equals(TensorSpec? other) => other is not null && Name == other.Name && Type == other.Type && Shape.SequenceEqual(other.Shape);

    public override int GetHashCode() => HashCode.Combine(Name, Type, Shape.Length);
}

/// <summary>A tensor of a file; <paramref name="Offset"/> is in bytes from the start of the data, behind the header.</summary>
public sealed record TensorEntry(TensorSpec Spec, long Offset)
{
    public string Name => Spec.Name;

    public TensorType Type => Spec.Type;

    public ImmutableArray<long> Shape => Spec.Shape;

    public long ElementCount => Spec.ElementCount;

    public long Bytes => Spec.Bytes;
}
