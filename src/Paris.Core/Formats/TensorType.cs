namespace Paris.Core.Formats;

/// <summary>Element types of safetensors; the names are those of the format.</summary>
public enum TensorType
{
    BOOL,
    U8,
    I8,
    F8_E4M3,
    F8_E5M2,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    I64,
    U64,
    F64,
}

/// <summary>Facts about <see cref="TensorType"/>.</summary>
public static class TensorTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this TensorType type) => type switch
    {
        TensorType.BOOL or TensorType.U8 or TensorType.I8 or TensorType.F8_E4M3 or TensorType.F8_E5M2 => 1,
        TensorType.I16 or TensorType.U16 or TensorType.F16 or TensorType.BF16 => 2,
        TensorType.I32 or TensorType.U32 or TensorType.F32 => 4,
        TensorType.I64 or TensorType.U64 or TensorType.F64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown tensor type."),
    };

    /// <summary>The type that a C# element type is stored as; <c>byte</c> is U8, <c>ushort</c> is U16.</summary>
    public static TensorType Of<T>()
        where T : unmanaged => default(T) switch
        {
            bool => TensorType.BOOL,
            byte => TensorType.U8,
            sbyte => TensorType.I8,
            short => TensorType.I16,
            ushort => TensorType.U16,
            Half => TensorType.F16,
            int => TensorType.I32,
            uint => TensorType.U32,
            float => TensorType.F32,
            long => TensorType.I64,
            ulong => TensorType.U64,
            double => TensorType.F64,
            _ => throw new NotSupportedException($"Tensors of {typeof(T).Name} cannot be stored."),
        };

    /// <summary>True when elements of <paramref name="type"/> may be viewed as <typeparamref name="T"/>: its own C# type, <c>ushort</c> for BF16, or raw bytes.</summary>
    public static bool Holds<T>(this TensorType type)
        where T : unmanaged => typeof(T) == typeof(byte) || Of<T>() == type || (type == TensorType.BF16 && typeof(T) == typeof(ushort));

    /// <summary>The type of this name in a file.</summary>
    internal static bool TryParse(string name, out TensorType type)
        => Enum.TryParse(name, out type) && Enum.IsDefined(type) && name == type.ToString();
}
