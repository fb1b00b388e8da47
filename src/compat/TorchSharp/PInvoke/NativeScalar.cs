using System.Runtime.InteropServices;

namespace TorchSharp.PInvoke;

/// <summary>A number as the native library takes it: kind 0 = integer, 1 = floating point, 2 = boolean.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeScalar
{
    private readonly long _bits;
    private readonly long _kind;

    private NativeScalar(long bits, long kind)
    {
        _bits = bits;
        _kind = kind;
    }

    internal bool IsFloat => _kind == 1;

    internal bool IsBool => _kind == 2;

    internal double AsDouble => IsFloat ? BitConverter.Int64BitsToDouble(_bits) : _bits;

    internal long AsLong => IsFloat ? (long)BitConverter.Int64BitsToDouble(_bits) : _bits;

    public static implicit operator NativeScalar(double value) => new(BitConverter.DoubleToInt64Bits(value), 1);

    public static implicit operator NativeScalar(long value) => new(value, 0);

    internal static NativeScalar Of(bool value) => new(value ? 1 : 0, 2);
}
