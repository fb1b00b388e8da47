using Paris.Core.Jobs;

namespace Paris.Core.Scheduling;

/// <summary>A moment in a job's life, for logs and metrics.</summary>
public sealed record JobNote(JobMoment Moment)
{
    public string Silo { get; init; } = "";

    public string Slot { get; init; } = "";

    public int Epoch { get; init; }

    /// <summary>The reason, the failure or the worker's last words.</summary>
    public string Message { get; init; } = "";

    /// <summary>With <see cref="JobMoment.Silent"/>: for how long.</summary>
    public TimeSpan Silence { get; init; }

    /// <summary>With <see cref="JobMoment.Retries"/>: what was decided …</summary>
    public RetryDecision? Retry { get; init; }

    /// <summary>… about a worker that ended with this code.</summary>
    public int ExitCode { get; init; }
}
