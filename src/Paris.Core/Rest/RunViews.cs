namespace Paris.Core.Rest;

/// <summary>One run as <c>GET /api/v1/runs</c> lists it.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="State"><c>queued</c>, <c>running</c>, <c>paused</c>, <c>completed</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Phase">What it is doing, for people; null when it does nothing.</param>
/// <param name="Message">Why it failed or waits; null otherwise.</param>
/// <param name="CompletedJobs">Jobs with a result.</param>
/// <param name="TotalJobs">All jobs of the run.</param>
public sealed record RunSummaryView(string Run, string State, string? Phase, string? Message, int CompletedJobs, int TotalJobs);

/// <summary>One run in full, as <c>GET /api/v1/runs/{run}</c> answers.</summary>
public sealed record RunView
{
    public required string Run { get; init; }

    /// <summary>See <see cref="RunSummaryView"/>.</summary>
    public required string State { get; init; }

    public string? Phase { get; init; }

    public string? Message { get; init; }

    /// <summary>Kinds of jobs in the order of the line.</summary>
    public IReadOnlyList<PhaseView> Phases { get; init; } = [];

    public IReadOnlyList<JobView> Jobs { get; init; } = [];

    /// <summary>True once nothing more will happen by itself.</summary>
    public bool Finished => State is "completed" or "failed" or "cancelled";
}

/// <summary>All jobs of one kind.</summary>
/// <param name="Kind">The kind as people write it: <c>ingest</c>, <c>expert</c> …</param>
/// <param name="Jobs">How many there are.</param>
/// <param name="Completed">How many have a result.</param>
/// <param name="Running">How many have a worker.</param>
/// <param name="Failed">How many gave up.</param>
/// <param name="Fraction">Done work of all work, 0 … 1.</param>
/// <param name="Rate">Work a second of the running workers together, in <paramref name="Unit"/>.</param>
/// <param name="Unit">Unit of the rate: samples, images, steps.</param>
/// <param name="SecondsLeft">An estimate from the last minute; null while there is none.</param>
public sealed record PhaseView(string Kind, int Jobs, int Completed, int Running, int Failed, double Fraction, double Rate, string? Unit, double? SecondsLeft);

/// <summary>One job.</summary>
public sealed record JobView
{
    /// <summary><c>run/expert/3</c>.</summary>
    public required string Key { get; init; }

    /// <summary>The kind as people write it: <c>expert</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Expert number, strategy, sample id or empty.</summary>
    public string Part { get; init; } = "";

    /// <summary><c>blocked</c> (waits for other jobs), <c>queued</c> (waits for a slot), <c>starting</c>, <c>running</c>, <c>retrying</c>, <c>paused</c>, <c>completed</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>Where its worker runs; null without one.</summary>
    public string? Silo { get; init; }

    public int? Slot { get; init; }

    /// <summary>Fencing number; 0 before the first worker.</summary>
    public int Epoch { get; init; }

    public long Step { get; init; }

    public long Total { get; init; }

    /// <summary>Work a second in <see cref="Unit"/>; 0 when it does not run.</summary>
    public double Rate { get; init; }

    public string? Unit { get; init; }

    public double? Loss { get; init; }

    /// <summary>Starts after a crash, a fault or a lost silo.</summary>
    public int Retries { get; init; }

    /// <summary>Why it failed, waits or is retried.</summary>
    public string? Message { get; init; }

    /// <summary>The newest preview's blob name.</summary>
    public string? Preview { get; init; }

    public double? SecondsLeft { get; init; }

    /// <summary>Done share, 0 … 1.</summary>
    public double Fraction => State == "completed" ? 1 : Total > 0 ? Math.Clamp((double)Step / Total, 0, 1) : 0;
}

/// <summary>The silos and their slots, as <c>GET /api/v1/cluster</c> answers.</summary>
public sealed record ClusterView(IReadOnlyList<SiloView> Silos, int Slots, int Busy, int Queued);

/// <summary>One silo.</summary>
public sealed record SiloView(string Name, int Slots, IReadOnlyList<SlotView> Busy);

/// <summary>A slot in use.</summary>
public sealed record SlotView(int Slot, string Job);

/// <summary>A loss curve, as <c>GET /api/v1/runs/{run}/jobs/{…}/trace</c> answers: at most about 500 points, each the mean of what it stands for.</summary>
/// <param name="Job">The job's key.</param>
/// <param name="Steps">Steps, rising.</param>
/// <param name="Losses">Loss at each step.</param>
public sealed record TraceView(string Job, IReadOnlyList<long> Steps, IReadOnlyList<double> Losses);

/// <summary>A picture of a run: the blob and what it shows.</summary>
/// <param name="Name">Blob name relative to the run's folder, as <c>GET /api/v1/runs/{run}/blobs/{name}</c> takes it.</param>
/// <param name="Kind"><c>preview</c>, <c>sheet</c>, <c>grid</c>, <c>samples</c> or <c>other</c>.</param>
/// <param name="Job">The job's key.</param>
/// <param name="Caption">For people.</param>
public sealed record PictureView(string Name, string Kind, string Job, string Caption);
