namespace Paris.Core.Rest;

/// <summary>One run as <c>GET /api/v1/runs</c> lists it.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="State"><c>pending</c>, <c>running</c>, <c>paused</c>, <c>completed</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Phase">What it is doing, for people.</param>
/// <param name="Submitted">When its spec was stored, by the store's clock.</param>
/// <param name="Seconds">From submission to now, or to the end of a finished run.</param>
/// <param name="JobsDone">Jobs with a result.</param>
/// <param name="JobsTotal">All jobs of the run.</param>
public sealed record RunSummaryView(string Run, string State, string Phase, DateTimeOffset Submitted, double Seconds, int JobsDone, int JobsTotal);

/// <summary>One run in full, as <c>GET /api/v1/runs/{run}</c> answers.</summary>
public sealed record RunView
{
    public required string Run { get; init; }

    /// <summary>See <see cref="RunSummaryView"/>.</summary>
    public required string State { get; init; }

    /// <summary>What happens now, for people.</summary>
    public string Phase { get; init; } = "";

    /// <summary>Why it failed or waits; empty when all is well.</summary>
    public string Message { get; init; } = "";

    /// <summary>When its spec was stored, by the store's clock.</summary>
    public DateTimeOffset Submitted { get; init; }

    /// <summary>From submission to now, or to the end of a finished run.</summary>
    public double Seconds { get; init; }

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

    /// <summary><c>waiting</c> (for an input), <c>queued</c> (for a slot), <c>starting</c>, <c>running</c>, <c>paused</c>, <c>completed</c>, <c>failed</c>, <c>quarantined</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>Where its worker runs; null without one.</summary>
    public string? Silo { get; init; }

    public string? Slot { get; init; }

    /// <summary>Fencing number; 0 before the first worker.</summary>
    public int Epoch { get; init; }

    public long Step { get; init; }

    public long Total { get; init; }

    /// <summary>Work a second in <see cref="Unit"/>; 0 when it does not run.</summary>
    public double Rate { get; init; }

    public string? Unit { get; init; }

    public double? Loss { get; init; }

    /// <summary>Restarts after crashes, out-of-memory kills and storage faults.</summary>
    public int Retries { get; init; }

    /// <summary>The newest step that a checkpoint holds.</summary>
    public long CommittedStep { get; init; }

    /// <summary>Place in the queue, from 1; 0 when not queued.</summary>
    public int QueuePosition { get; init; }

    /// <summary>Seconds of work: the result's once done, else since this worker started.</summary>
    public double Seconds { get; init; }

    /// <summary>The result's numbers once the job is done; the newest measured values before.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Blob names of the result's outputs by role once the job is done.</summary>
    public IReadOnlyDictionary<string, string> Outputs { get; init; } = new Dictionary<string, string>();

    /// <summary>Why it failed, waits or is retried.</summary>
    public string? Message { get; init; }

    /// <summary>True when it failed because its input is wrong: repeating cannot help.</summary>
    public bool BadInput { get; init; }

    /// <summary>The newest preview's blob name.</summary>
    public string? Preview { get; init; }

    public double? SecondsLeft { get; init; }

    /// <summary>Done share, 0 … 1.</summary>
    public double Fraction => State == "completed" ? 1 : Total > 0 ? Math.Clamp((double)Step / Total, 0, 1) : 0;
}

/// <summary>The silos and their slots, as <c>GET /api/v1/cluster</c> answers.</summary>
/// <param name="Silos">The silos that report.</param>
/// <param name="Slots">All slots.</param>
/// <param name="Busy">Slots with a worker.</param>
/// <param name="Queue">Keys of the jobs that wait for a slot, first to be served first.</param>
/// <param name="Rebalances">Running jobs are moved to faster free slots when it pays.</param>
public sealed record ClusterView(IReadOnlyList<SiloView> Silos, int Slots, int Busy, IReadOnlyList<string> Queue, bool Rebalances = false);

/// <summary>One silo.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Draining">It takes no new job.</param>
/// <param name="Slots">Its slots.</param>
/// <param name="DeletionCost">What removing it would disturb: 100 a running job and up to 100 more for its progress; 0 when idle.</param>
public sealed record SiloView(string Name, bool Draining, IReadOnlyList<SlotView> Slots, int DeletionCost = 0);

/// <summary>One slot; <paramref name="Job"/> is null while it is free.</summary>
public sealed record SlotView(string Slot, string Device, string? Job)
{
    /// <summary>The GPU's or the processor's model.</summary>
    public string? Model { get; init; }

    /// <summary>Memory of the slot in bytes; 0 when unknown.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>CUDA compute capability; 0 for a CPU share.</summary>
    public double Compute { get; init; }

    /// <summary>CPU threads of its worker.</summary>
    public int Threads { get; init; }

    /// <summary>Measured samples a second of the running worker; 0 without one.</summary>
    public double Rate { get; init; }
}

/// <summary>A loss curve, as <c>GET /api/v1/runs/{run}/jobs/{kind}/{part}/trace</c> answers, evenly thinned.</summary>
/// <param name="Job">The job's key.</param>
/// <param name="Steps">Steps, rising.</param>
/// <param name="Losses">Loss at each step.</param>
public sealed record TraceView(string Job, IReadOnlyList<long> Steps, IReadOnlyList<double> Losses);

/// <summary>A picture of a run: the blob and what it shows.</summary>
/// <param name="Name">Blob name below the run's folder, as <c>GET /api/v1/runs/{run}/blobs/{name}</c> takes it.</param>
/// <param name="Kind"><c>preview</c>, <c>sheet</c>, <c>grid</c>, <c>samples</c> or <c>other</c>.</param>
/// <param name="Job">The job's key.</param>
/// <param name="Caption">For people.</param>
public sealed record PictureView(string Name, string Kind, string Job, string Caption);
