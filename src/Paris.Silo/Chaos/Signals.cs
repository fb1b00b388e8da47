using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Paris.Silo.Chaos;

/// <summary>The signals that chaos sends.</summary>
internal static partial class Signals
{
    private const int Sigkill = 9;

    /// <summary>Ends a process as the kernel's out-of-memory killer would; nothing when it is gone already.</summary>
    public static void Kill(int process) => _ = KillCore(process, Sigkill);

    /// <summary>
    /// Freezes processes and thaws them later. A helper in a session of its own does both: a frozen process cannot thaw itself.
    /// </summary>
    public static void Pause(IReadOnlyCollection<int> processes, TimeSpan duration)
    {
        var ids = string.Join(' ', processes);
        var script = string.Create(CultureInfo.InvariantCulture, $"kill -STOP {ids}; sleep {duration.TotalSeconds:0.###}; kill -CONT {ids}");
        using var helper = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", script]));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int KillCore(int process, int signal);
}
