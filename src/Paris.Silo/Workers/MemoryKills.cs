using System.Globalization;

namespace Paris.Silo.Workers;

/// <summary>
/// How often the kernel killed a process of this node (or container) for memory. A worker that SIGKILL ended just when this number rose
/// is taken for its victim.
/// </summary>
internal static class MemoryKills
{
    private static readonly string[] _counters = ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control", "/proc/vmstat"];

    /// <summary>The sum of all counts that the system tells, so that it rises when one of them does; 0 where it tells none.</summary>
    public static long Count()
    {
        var sum = 0L;
        foreach (var file in _counters)
        {
            try
            {
                foreach (var line in File.ReadLines(file))
                {
                    if (line.StartsWith("oom_kill ", StringComparison.Ordinal)
                        && long.TryParse(line["oom_kill ".Length..], CultureInfo.InvariantCulture, out var count))
                    {
                        sum += count;
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Not this kind of system; the next counter may be.
            }
        }

        return sum;
    }
}
