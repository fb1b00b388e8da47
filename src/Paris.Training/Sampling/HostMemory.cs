using System.Diagnostics;
using System.Globalization;

namespace Paris.Training.Sampling;

/// <summary>How much of this host's memory is free for this process.</summary>
internal static class HostMemory
{
    /// <summary>The most that this process has held at once: bytes of its resident set.</summary>
    public static long Peak()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>Bytes that can be used without another process having to give some up, within the limit of the container.</summary>
    public static long Free()
    {
        var free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
        const string Meminfo = "/proc/meminfo";
        if (File.Exists(Meminfo))
        {
            foreach (var line in File.ReadLines(Meminfo))
            {
                var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (parts is ["MemAvailable:", var kibibytes, ..] && long.TryParse(kibibytes, CultureInfo.InvariantCulture, out var available))
                {
                    return Math.Clamp(available * 1024, 0, Math.Max(0, free));
                }
            }
        }

        return Math.Max(0, free);
    }
}
