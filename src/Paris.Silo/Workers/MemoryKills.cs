using System.Globalization;

namespace Paris.Silo.Workers;

/// <summary>
/// How often the kernel killed a process of this node (or container) for memory. A worker that SIGKILL ended while this number rose
/// is taken for its victim.
/// </summary>
internal static class MemoryKills
{
    private static readonly string[] _counters = ["/sys/fs/cgroup/memory.events", "/proc/vmstat"];

    /// <summary>The count so far; 0 where the system tells none.</summary>
    public static long Count()
    {
        foreach (var file in _counters)
        {
            try
            {
                foreach (var line in File.ReadLines(file))
                {
                    if (line.StartsWith("oom_kill ", StringComparison.Ordinal)
                        && long.TryParse(line["oom_kill ".Length..], CultureInfo.InvariantCulture, out var count))
                    {
                        return count;
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Not this kind of system; the next counter may be.
            }
        }

        return 0;
    }
}
