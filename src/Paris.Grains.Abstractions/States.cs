namespace Paris.Grains.Abstractions;

/// <summary>Where a run stands.</summary>
[GenerateSerializer]
[Alias("paris.run-state")]
public enum RunState
{
    /// <summary>Nobody submitted a run of this name.</summary>
    Unknown = 0,

    /// <summary>Submitted; no job has started.</summary>
    Pending = 1,

    Running = 2,

    /// <summary>A person paused it; every worker committed a checkpoint and stopped.</summary>
    Paused = 3,

    /// <summary>Every job of the spec has its result.</summary>
    Completed = 4,

    /// <summary>No job can go on: at least one failed for good.</summary>
    Failed = 5,

    /// <summary>A person cancelled it; what is committed stays.</summary>
    Cancelled = 6,
}

/// <summary>Where a job stands.</summary>
[GenerateSerializer]
[Alias("paris.job-state")]
public enum JobState
{
    /// <summary>An input is not ready.</summary>
    Waiting = 0,

    /// <summary>Ready; no slot is free, or a retry's back-off has not passed.</summary>
    Queued = 1,

    /// <summary>A slot is reserved; the worker has not taken the job over yet.</summary>
    Starting = 2,

    Running = 3,

    /// <summary>A person paused it.</summary>
    Paused = 4,

    Completed = 5,

    /// <summary>Failed for good: bad input, or the retries are spent.</summary>
    Failed = 6,

    /// <summary>Diverged again and again; set aside, the other experts go on.</summary>
    Quarantined = 7,

    Cancelled = 8,
}
