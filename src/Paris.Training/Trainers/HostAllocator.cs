using System.Runtime.InteropServices;

namespace Paris.Training.Trainers;

/// <summary>
/// Lets the C library keep the memory that tensors give back: every step allocates the same sizes again, and handing pages to the kernel
/// in between cost 5 to 10 % of a small expert's step. For processes that train and then end.
/// </summary>
public static partial class HostAllocator
{
    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MmapMax = -4;
    private const int ArenaMax = -8;

    /// <summary>Takes effect from the next allocation; does nothing where the C library is not glibc.</summary>
    public static void KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = MallOpt(MmapMax, 0);
            _ = MallOpt(TrimThreshold, int.MaxValue);
            _ = MallOpt(TopPad, 64 << 20);

            // Other arenas are made of pieces of 64 MiB that cannot keep a large tensor.
            _ = MallOpt(ArenaMax, 1);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library (musl) has no such knobs.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
