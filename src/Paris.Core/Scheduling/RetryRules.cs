namespace Paris.Core.Scheduling;

/// <summary>Which cause a worker's end is charged to, and how long the job waits before the next try.</summary>
public static class RetryRules
{
    public const string Crash = "crash";
    public const string OutOfMemory = "out-of-memory";
    public const string Storage = "storage";

    /// <summary>Exit code of a process that SIGKILL ended: the kernel's out-of-memory killer, or a person.</summary>
    private const int Killed = 137;

    /// <summary>The cause of an end that is none of the protocol's own.</summary>
    public static string CauseOf(int exitCode, string message)
    {
        bool Says(string text) => message.Contains(text, StringComparison.OrdinalIgnoreCase);
        return Says("StorageFault") ? Storage
            : exitCode == Killed || Says("OutOfMemory") || Says("out of memory") ? OutOfMemory
            : Crash;
    }

    /// <summary>The delay before retry number <paramref name="retry"/> (from 1) after <paramref name="cause"/>; null when the budget is spent.</summary>
    public static TimeSpan? DelayBefore(string cause, int retry)
    {
        var (budget, first, longest) = cause switch
        {
            Storage => (20, 1.0, 60.0),
            OutOfMemory => (5, 0.25, 60.0),
            _ => (5, 0.25, 30.0),
        };
        return retry > budget ? null : TimeSpan.FromSeconds(Math.Min(first * Math.Pow(2, retry - 1), longest));
    }
}
