namespace Paris.Core.Scheduling;

/// <summary>When moving a running job to a faster free slot pays.</summary>
public sealed record RebalanceOptions
{
    /// <summary>Off unless somebody wants it: a person may have placed a job on purpose.</summary>
    public bool Enabled { get; init; }

    /// <summary>A move must save at least this much after all its costs.</summary>
    public TimeSpan LeastGain { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>… and at least this share of the time the job would still take where it is (hysteresis).</summary>
    public double LeastShare { get; init; } = 0.2;

    /// <summary>A job is left alone for this long after its worker started, and after it was last told to move.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Cost of a start where none was measured yet: process, model, data.</summary>
    public TimeSpan UsualStart { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Cost of a commit where none was measured yet.</summary>
    public TimeSpan UsualCheckpoint { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>One move at a time: the next is considered once the last has arrived, or after this long.</summary>
    public TimeSpan MoveLimit { get; init; } = TimeSpan.FromMinutes(2);
}
