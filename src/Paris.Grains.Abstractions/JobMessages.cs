namespace Paris.Grains.Abstractions;

/// <summary>What the run tells a job once: its place in the queue.</summary>
[GenerateSerializer]
[Alias("paris.job-order")]
public sealed record JobOrder
{
    /// <summary>Higher is served first.</summary>
    [Id(0)]
    public int Priority { get; init; }

    [Id(1)]
    public DateTimeOffset Submitted { get; init; }

    /// <summary>Place in the run's plan; smaller is served first.</summary>
    [Id(2)]
    public int Order { get; init; }

    /// <summary>Steps the spec asks for; 0 when unknown.</summary>
    [Id(3)]
    public long Total { get; init; }

    /// <summary>The run's share of the slots among runs of its priority.</summary>
    [Id(4)]
    public double Share { get; init; } = 1;

    /// <summary>Least memory of the slot's device; 0 for any.</summary>
    [Id(5)]
    public long MemoryBytes { get; init; }

    /// <summary>Part of the GPU's model name; empty for any device.</summary>
    [Id(6)]
    public string GpuModel { get; init; } = "";

    /// <summary>Least CUDA compute capability; 0 for any device.</summary>
    [Id(7)]
    public double MinimumCompute { get; init; }

    /// <summary>Speeds learned from one job hold for others of its shape; empty: nothing is learned.</summary>
    [Id(8)]
    public string Shape { get; init; } = "";

    /// <summary>Samples still to be worked on; 0 when unknown.</summary>
    [Id(9)]
    public double Samples { get; init; }

    [Id(10)]
    public int SamplesPerStep { get; init; } = 1;
}

/// <summary>What a silo's agent tells a job about its worker: at most one a second, and at once when it ends.</summary>
[GenerateSerializer]
[Alias("paris.job-report")]
public sealed record JobReport
{
    [Id(0)]
    public string Silo { get; init; } = "";

    /// <summary>Orleans' address of that silo as text.</summary>
    [Id(1)]
    public string Address { get; init; } = "";

    [Id(2)]
    public string Slot { get; init; } = "";

    [Id(3)]
    public string Claim { get; init; } = "";

    /// <summary>0 until the worker took the job over.</summary>
    [Id(4)]
    public int Epoch { get; init; }

    [Id(5)]
    public long Step { get; init; }

    [Id(6)]
    public long Total { get; init; }

    [Id(7)]
    public double Rate { get; init; }

    [Id(8)]
    public string Unit { get; init; } = "";

    [Id(9)]
    public long CommittedStep { get; init; }

    [Id(10)]
    public string Preview { get; init; } = "";

    /// <summary>Newest value of every metric.</summary>
    [Id(11)]
    public Dictionary<string, double> Metrics { get; init; } = [];

    /// <summary>Loss points since the last acknowledged report.</summary>
    [Id(12)]
    public TracePoint[] Losses { get; init; } = [];

    /// <summary>True once the worker ended; <see cref="ExitCode"/> and <see cref="Message"/> say how.</summary>
    [Id(13)]
    public bool Ended { get; init; }

    [Id(14)]
    public int ExitCode { get; init; }

    /// <summary>The worker's failure message, or the tail of its log.</summary>
    [Id(15)]
    public string Message { get; init; } = "";

    /// <summary>Seconds since the worker started.</summary>
    [Id(16)]
    public double Seconds { get; init; }

    /// <summary>True when the worker was asked to stop: however it ended, no retry is charged.</summary>
    [Id(17)]
    public bool StopRequested { get; init; }

    /// <summary>Estimated from this worker's progress; null while unknown.</summary>
    [Id(18)]
    public double? SecondsLeft { get; init; }

    /// <summary>The kernel killed the worker for memory.</summary>
    [Id(19)]
    public bool MemoryKill { get; init; }

    /// <summary>Why the worker is much slower than it usually is; empty while it is not.</summary>
    [Id(20)]
    public string Straggling { get; init; } = "";
}

/// <summary>The job's answer to a report.</summary>
[GenerateSerializer]
[Alias("paris.job-reply")]
public sealed record JobReply
{
    /// <summary>Why the worker should commit and stop; empty: go on.</summary>
    [Id(0)]
    public string StopReason { get; init; } = "";

    /// <summary>The job's place in the queue and needs, for the agent's report to the scheduler; null when nobody ordered it.</summary>
    [Id(1)]
    public JobOrder? Order { get; init; }
}

/// <summary>A request for a slot; the same job asking again keeps its place or its grant.</summary>
[GenerateSerializer]
[Alias("paris.reserve-request")]
public sealed record ReserveRequest
{
    [Id(0)]
    public string Job { get; init; } = "";

    [Id(1)]
    public JobOrder Order { get; init; } = new();

    /// <summary>The silo that asks: preferred, because starting there moves nothing.</summary>
    [Id(2)]
    public string Home { get; init; } = "";

    /// <summary>The claim of a worker that the job knows has ended, though its silo may not have reported so yet.</summary>
    [Id(3)]
    public string EndedClaim { get; init; } = "";
}

/// <summary>What became of a <see cref="ReserveRequest"/>.</summary>
[GenerateSerializer]
[Alias("paris.reserve-outcome")]
public enum ReserveOutcome
{
    /// <summary>In the queue.</summary>
    Queued = 0,

    /// <summary>A slot is reserved until the reservation expires.</summary>
    Granted = 1,

    /// <summary>A silo reports a running worker of this job: re-attach to it.</summary>
    Running = 2,
}

/// <summary>The scheduler's answer to a <see cref="ReserveRequest"/>.</summary>
[GenerateSerializer]
[Alias("paris.reserve-reply")]
public sealed record ReserveReply
{
    [Id(0)]
    public ReserveOutcome Outcome { get; init; }

    /// <summary>The reservation's id; empty unless granted.</summary>
    [Id(1)]
    public string Reservation { get; init; } = "";

    [Id(2)]
    public string Silo { get; init; } = "";

    [Id(3)]
    public string Address { get; init; } = "";

    [Id(4)]
    public string Slot { get; init; } = "";

    /// <summary>Place in the queue, from 1.</summary>
    [Id(5)]
    public int Position { get; init; }

    /// <summary>Why it waits, for people.</summary>
    [Id(6)]
    public string Message { get; init; } = "";

    /// <summary>The running worker's claim, when <see cref="ReserveOutcome.Running"/>.</summary>
    [Id(7)]
    public string Claim { get; init; } = "";

    [Id(8)]
    public int Epoch { get; init; }
}

/// <summary>A wish to move a running job.</summary>
[GenerateSerializer]
[Alias("paris.move-request")]
public sealed record MoveRequest
{
    [Id(0)]
    public string Job { get; init; } = "";

    [Id(1)]
    public JobOrder Order { get; init; } = new();

    /// <summary>Where to; empty: the fastest free slot that fits.</summary>
    [Id(2)]
    public string Silo { get; init; } = "";

    /// <summary>The slot of that silo; empty: its best.</summary>
    [Id(3)]
    public string Slot { get; init; } = "";
}

/// <summary>What became of a <see cref="MoveRequest"/>: a slot is set aside, or why not.</summary>
[GenerateSerializer]
[Alias("paris.move-reply")]
public sealed record MoveReply
{
    [Id(0)]
    public MoveRefusal Refusal { get; init; }

    /// <summary>Why not, in one sentence.</summary>
    [Id(1)]
    public string Message { get; init; } = "";

    [Id(2)]
    public string Reservation { get; init; } = "";

    /// <summary>Where it will run.</summary>
    [Id(3)]
    public string Silo { get; init; } = "";

    [Id(4)]
    public string Address { get; init; } = "";

    [Id(5)]
    public string Slot { get; init; } = "";
}

/// <summary>A job on its way to another slot.</summary>
[GenerateSerializer]
[Alias("paris.migration")]
public sealed record Migration
{
    [Id(0)]
    public string Job { get; init; } = "";

    [Id(1)]
    public string FromSilo { get; init; } = "";

    [Id(2)]
    public string FromSlot { get; init; } = "";

    [Id(3)]
    public string ToSilo { get; init; } = "";

    [Id(4)]
    public string ToSlot { get; init; } = "";

    /// <summary>The epoch of the worker that stops; the next one trains there.</summary>
    [Id(5)]
    public int Epoch { get; init; }
}
