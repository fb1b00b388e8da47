using System.Runtime.InteropServices;

namespace Paris.Cluster.Tests;

/// <summary>Linux signals by their numbers.</summary>
internal enum Signal
{
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static partial class Signals
{
    /// <summary>Sends a signal; to a process that is gone it does nothing.</summary>
    /// <param name="process">A process, or minus a process group.</param>
    /// <param name="signal">Which.</param>
    public static void Send(int process, Signal signal) => _ = Kill(process, (int)signal);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
