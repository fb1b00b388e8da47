using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Paris.Training.Trainers;

/// <summary>What decides the last bit of a sum on this machine, as one line for the checkpoint's record.</summary>
public static class KernelSet
{
    /// <summary>Instruction set that libtorch and BLAS can dispatch to, and the pinned BLAS core if there is one.</summary>
    public static string Describe()
    {
        var set = Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : Vector128.IsHardwareAccelerated ? "128-bit" : "scalar";
        var core = Environment.GetEnvironmentVariable("OPENBLAS_CORETYPE") is { Length: > 0 } pinned ? pinned : "auto";
        return $"{set}, blas core {core}";
    }
}
