namespace Paris.Core.Formats.Torch;

/// <summary>A pickled tuple.</summary>
internal sealed record PickleTuple(object?[] Items);

/// <summary>A pickled dictionary, in its order.</summary>
internal sealed class PickleDictionary
{
    public List<(object? Key, object? Value)> Items { get; } = [];
}

/// <summary>A name of something importable; never looked up.</summary>
internal sealed record PickleGlobal(string Module, string Name);

/// <summary>Tensor data outside the pickle: element type and key of the archive's entry.</summary>
internal sealed record PickledStorage(TensorType Type, string Key);

/// <summary>A tensor: a view of a storage, offset and strides in elements.</summary>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);
