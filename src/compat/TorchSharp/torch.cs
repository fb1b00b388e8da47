using System.Runtime.InteropServices;
using TorchSharp.PInvoke;

namespace TorchSharp;

/// <summary>Types, devices and the state of the library. The other files of this name hold its functions by kind.</summary>
public static partial class torch
{
    public static readonly ScalarType @bool = ScalarType.Bool;
    public static readonly ScalarType uint8 = ScalarType.Byte;
    public static readonly ScalarType int8 = ScalarType.Int8;
    public static readonly ScalarType int16 = ScalarType.Int16;
    public static readonly ScalarType int32 = ScalarType.Int32;
    public static readonly ScalarType int64 = ScalarType.Int64;
    public static readonly ScalarType bfloat16 = ScalarType.BFloat16;
    public static readonly ScalarType float16 = ScalarType.Float16;
    public static readonly ScalarType float32 = ScalarType.Float32;
    public static readonly ScalarType float64 = ScalarType.Float64;

    public static readonly Device CPU = new(DeviceType.CPU);

    public enum ScalarType : sbyte
    {
        Byte = 0,
        Int8 = 1,
        Int16 = 2,
        Int32 = 3,
        Int64 = 4,
        Float16 = 5,
        Float32 = 6,
        Float64 = 7,
        Bool = 11,
        BFloat16 = 15,
    }

    /// <summary>Version of the native library underneath.</summary>
    public static unsafe string __version__ => Marshal.PtrToStringUTF8(Native.version())!;

    public static Device CUDA => new(DeviceType.CUDA);

    public static DisposeScope? CurrentDisposeScope => DisposeScopeManager.ThreadSingleton.CurrentDisposeScope;

    public static DisposeScope NewDisposeScope() => DisposeScopeManager.ThreadSingleton.NewDisposeScope();

    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(expr());
    }

    public static Device device(string description) => new(description);

    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);

    public static ScalarType get_default_dtype() => ScalarType.Float32;

    public static bool is_floating_point(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.Float32 or ScalarType.Float64 or ScalarType.BFloat16;

    public static bool is_integral(ScalarType type) => type is >= ScalarType.Byte and <= ScalarType.Int64 or ScalarType.Bool;

    public static unsafe int get_num_threads() => Native.get_num_threads();

    public static unsafe void set_num_threads(int num) => Check(Native.set_num_threads(num));

    public static unsafe int get_num_interop_threads() => Native.get_num_interop_threads();

    public static unsafe void set_num_interop_threads(int num) => Check(Native.set_num_interop_threads(num));

    public static unsafe void manual_seed(long seed) => Check(Native.manual_seed(seed));

    public static bool cuda_is_available() => cuda.is_available();

    internal static ScalarType ToScalarType(Type type) =>
        type == typeof(float) ? ScalarType.Float32
        : type == typeof(double) ? ScalarType.Float64
        : type == typeof(long) ? ScalarType.Int64
        : type == typeof(int) ? ScalarType.Int32
        : type == typeof(short) ? ScalarType.Int16
        : type == typeof(sbyte) ? ScalarType.Int8
        : type == typeof(byte) ? ScalarType.Byte
        : type == typeof(bool) ? ScalarType.Bool
        : type == typeof(Half) ? ScalarType.Float16
        : throw new NotSupportedException($"Type {type.Name} is no element type of a tensor");

    internal static void Check(int ok)
    {
        if (ok == 0)
        {
            throw Native.Failure();
        }
    }

    internal static nint Check(nint handle) => handle != 0 ? handle : throw Native.Failure();

    public static class cuda
    {
        public static unsafe bool is_available() => Native.cuda_available() == 2;

        public static unsafe int device_count() => is_available() ? (int)Native.cuda_count() : 0;

        public static unsafe void synchronize(Device? device = null)
        {
            if (is_available())
            {
                Check(Native.cuda_synchronize());
            }
        }
    }
}
