namespace Paris.Grains.Abstractions;

/// <summary>A run as people see it.</summary>
[GenerateSerializer]
[Alias("paris.run-status")]
public sealed record RunStatus
{
    [Id(0)]
    public string Run { get; init; } = "";

    [Id(1)]
    public RunState State { get; init; }

    /// <summary>What happens now, for people: <c>clustering</c>, <c>training: 3 of 8 experts done</c>.</summary>
    [Id(2)]
    public string Phase { get; init; } = "";

    /// <summary>Every job of the run in the order of the plan, those that wait included.</summary>
    [Id(3)]
    public JobStatus[] Jobs { get; init; } = [];

    /// <summary>When the spec was stored, by the store's clock.</summary>
    [Id(4)]
    public DateTimeOffset Submitted { get; init; }

    /// <summary>Seconds from submission to now, or to the end of a finished run.</summary>
    [Id(5)]
    public double Seconds { get; init; }

    /// <summary>Why the run failed or waits; empty when all is well.</summary>
    [Id(6)]
    public string Message { get; init; } = "";

    /// <summary>The canonical spec as JSON.</summary>
    [Id(7)]
    public string SpecJson { get; init; } = "";
}

/// <summary>One line of the list of runs.</summary>
[GenerateSerializer]
[Alias("paris.run-summary")]
public sealed record RunSummary
{
    [Id(0)]
    public string Run { get; init; } = "";

    [Id(1)]
    public RunState State { get; init; }

    [Id(2)]
    public string Phase { get; init; } = "";

    [Id(3)]
    public DateTimeOffset Submitted { get; init; }

    [Id(4)]
    public double Seconds { get; init; }

    [Id(5)]
    public int JobsDone { get; init; }

    [Id(6)]
    public int JobsTotal { get; init; }

    /// <summary>Why the run failed or waits; empty when all is well.</summary>
    [Id(7)]
    public string Message { get; init; } = "";

    /// <summary>Something is still to be done; also true for a complete run that draws samples on request.</summary>
    [Id(8)]
    public bool Active { get; init; }
}

/// <summary>A job as people see it.</summary>
[GenerateSerializer]
[Alias("paris.job-status")]
public sealed record JobStatus
{
    /// <summary><see cref="JobId.Key"/>, e.g. <c>demo/expert/3</c>.</summary>
    [Id(0)]
    public string Key { get; init; } = "";

    [Id(1)]
    public JobKind Kind { get; init; }

    /// <summary><see cref="JobId.Label"/>: the expert's number, the strategy, or the sample request's id, with the revision after it from the second on.</summary>
    [Id(2)]
    public string Part { get; init; } = "";

    [Id(3)]
    public JobState State { get; init; }

    [Id(4)]
    public long Step { get; init; }

    /// <summary>0 while unknown.</summary>
    [Id(5)]
    public long Total { get; init; }

    /// <summary><see cref="Unit"/> a second.</summary>
    [Id(6)]
    public double Rate { get; init; }

    [Id(7)]
    public string Unit { get; init; } = "";

    /// <summary>Estimated from the steps of this worker; null while unknown.</summary>
    [Id(8)]
    public double? SecondsLeft { get; init; }

    [Id(9)]
    public double? Loss { get; init; }

    /// <summary>The silo that runs it; empty when none does.</summary>
    [Id(10)]
    public string Silo { get; init; } = "";

    [Id(11)]
    public string Slot { get; init; } = "";

    /// <summary>Fencing number of the newest take-over; 0 before the first.</summary>
    [Id(12)]
    public int Epoch { get; init; }

    /// <summary>Restarts after crashes, out-of-memory kills and storage faults.</summary>
    [Id(13)]
    public int Retries { get; init; }

    /// <summary>Why it waits or failed; empty when all is well.</summary>
    [Id(14)]
    public string Message { get; init; } = "";

    /// <summary>Blob name of the newest preview picture; empty when there is none.</summary>
    [Id(15)]
    public string Preview { get; init; } = "";

    /// <summary>The result's numbers once the job is done; the newest measured values before.</summary>
    [Id(16)]
    public Dictionary<string, double> Metrics { get; init; } = [];

    /// <summary>Blob names of the result's outputs by role (<c>model</c>, <c>grid</c> …) once the job is done.</summary>
    [Id(17)]
    public Dictionary<string, string> Outputs { get; init; } = [];

    /// <summary>The result's further facts once the job is done.</summary>
    [Id(18)]
    public Dictionary<string, string> Facts { get; init; } = [];

    /// <summary>The newest step that a checkpoint holds.</summary>
    [Id(19)]
    public long CommittedStep { get; init; }

    /// <summary>Seconds of work: the result's once done, else since this worker started.</summary>
    [Id(20)]
    public double Seconds { get; init; }

    /// <summary>Place in the queue, from 1; 0 when not queued.</summary>
    [Id(21)]
    public int QueuePosition { get; init; }

    /// <summary>It failed because its input is wrong: repeating cannot help (exit code 2).</summary>
    [Id(22)]
    public bool BadInput { get; init; }
}

/// <summary>One point of a job's loss curve.</summary>
[GenerateSerializer]
[Alias("paris.trace-point")]
public readonly record struct TracePoint
{
    public TracePoint(long step, double value)
    {
        Step = step;
        Value = value;
    }

    [Id(0)]
    public long Step { get; init; }

    [Id(1)]
    public double Value { get; init; }
}

/// <summary>Images on request.</summary>
[GenerateSerializer]
[Alias("paris.sample-request")]
public sealed record SampleRequest
{
    /// <summary>Makes the request idempotent: the same id again returns the same job. Empty: one is made. Lower-case letters, digits, single hyphens.</summary>
    [Id(0)]
    public string Id { get; init; } = "";

    /// <summary>A strategy's name, e.g. <c>top-2</c>, or <c>expert-3</c> for one expert alone.</summary>
    [Id(1)]
    public string Strategy { get; init; } = "cluster-first";

    [Id(2)]
    public int Count { get; init; } = 16;

    /// <summary>Null takes the run's seed.</summary>
    [Id(3)]
    public ulong? Seed { get; init; }

    /// <summary>Null takes the spec's.</summary>
    [Id(4)]
    public int? Steps { get; init; }

    /// <summary>Null takes the spec's.</summary>
    [Id(5)]
    public double? GuidanceScale { get; init; }

    /// <summary>Of runs with text: image i is drawn from prompt i mod P. Null takes captions of the run's images.</summary>
    [Id(6)]
    public string[]? Prompts { get; init; }
}
