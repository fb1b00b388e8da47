namespace Paris.Core.Scheduling;

/// <summary>What an agent says of a job's worker, as far as decisions depend on it.</summary>
/// <param name="Silo">The worker's silo …</param>
/// <param name="Address">… and that silo's address.</param>
/// <param name="Slot">The slot it runs on.</param>
/// <param name="Claim">New for every worker start.</param>
/// <param name="Epoch">0 until the worker took the job over.</param>
public sealed record WorkerReport(string Silo, string Address, string Slot, string Claim, int Epoch)
{
    public long Step { get; init; }

    public long Total { get; init; }

    public long CommittedStep { get; init; }

    public double Rate { get; init; }

    public string Unit { get; init; } = "";

    /// <summary>Since the worker started.</summary>
    public double Seconds { get; init; }

    public double? SecondsLeft { get; init; }

    /// <summary>True once the worker ended; the exit says how.</summary>
    public bool Ended { get; init; }

    /// <summary>How it ended; only with <see cref="Ended"/>.</summary>
    public int ExitCode { get; init; }

    /// <summary>The worker's failure message, or the tail of its log.</summary>
    public string Message { get; init; } = "";

    /// <summary>It was asked to stop: however it ended, no retry is charged.</summary>
    public bool StopRequested { get; init; }

    /// <summary>The kernel killed it for memory.</summary>
    public bool MemoryKill { get; init; }

    /// <summary>Why it is much slower than it usually is; empty while it is not.</summary>
    public string Straggling { get; init; } = "";
}
