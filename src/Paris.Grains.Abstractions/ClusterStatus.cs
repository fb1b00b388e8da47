namespace Paris.Grains.Abstractions;

/// <summary>The silos, their slots and the queue, as the scheduler knows them.</summary>
[GenerateSerializer]
[Alias("paris.cluster-status")]
public sealed record ClusterStatus
{
    [Id(0)]
    public SiloStatusReport[] Silos { get; init; } = [];

    /// <summary>Keys of the jobs that wait for a slot, first to be served first.</summary>
    [Id(1)]
    public string[] Queue { get; init; } = [];

    /// <summary>False while a fresh scheduler still waits for the silos' first reports and grants nothing.</summary>
    [Id(2)]
    public bool Settled { get; init; }

    /// <summary>Keys of the jobs for which a slot is reserved and whose worker is not reported yet.</summary>
    [Id(3)]
    public string[] Reserved { get; init; } = [];

    /// <summary>Running jobs are moved to faster free slots when it pays.</summary>
    [Id(4)]
    public bool Rebalances { get; init; }
}

/// <summary>What a silo's agent says of itself every two seconds and on every change.</summary>
[GenerateSerializer]
[Alias("paris.silo-report")]
public sealed record SiloStatusReport
{
    [Id(0)]
    public string Silo { get; init; } = "";

    /// <summary>Orleans' address as text (<c>ip:port@generation</c>).</summary>
    [Id(1)]
    public string Address { get; init; } = "";

    [Id(2)]
    public SlotStatus[] Slots { get; init; } = [];

    /// <summary>The silo is going away: it takes no new job.</summary>
    [Id(3)]
    public bool Draining { get; init; }

    /// <summary>What removing it would disturb; 0 for an idle silo. Filled in by the scheduler.</summary>
    [Id(4)]
    public int DeletionCost { get; init; }
}

/// <summary>One slot: the right to run one job on a device.</summary>
[GenerateSerializer]
[Alias("paris.slot-status")]
public sealed record SlotStatus
{
    /// <summary>Unique within its silo, e.g. <c>cpu-0</c>, <c>gpu-1</c>.</summary>
    [Id(0)]
    public string Slot { get; init; } = "";

    /// <summary>The device for people, e.g. <c>CPU share</c> or <c>NVIDIA H100 80GB</c>.</summary>
    [Id(1)]
    public string Device { get; init; } = "";

    /// <summary>The running job's key; empty when the slot is free.</summary>
    [Id(2)]
    public string Job { get; init; } = "";

    /// <summary>The running worker's epoch; 0 until it took the job over.</summary>
    [Id(3)]
    public int Epoch { get; init; }

    /// <summary>The running worker's claim.</summary>
    [Id(4)]
    public string Claim { get; init; } = "";

    /// <summary>Seconds since the worker's last line.</summary>
    [Id(5)]
    public double Age { get; init; }

    /// <summary>What the device is.</summary>
    [Id(6)]
    public DeviceFacts Facts { get; init; } = new();

    /// <summary>The running job's place in the queue and needs; null until its grain told the agent.</summary>
    [Id(7)]
    public JobOrder? Order { get; init; }

    /// <summary>How far the worker is.</summary>
    [Id(8)]
    public WorkProgress Work { get; init; } = new();
}

/// <summary>The device of a slot; see <see cref="Paris.Core.Scheduling.SlotFacts"/>.</summary>
[GenerateSerializer]
[Alias("paris.device-facts")]
public sealed record DeviceFacts
{
    [Id(0)]
    public bool Gpu { get; init; }

    [Id(1)]
    public string Model { get; init; } = "";

    [Id(2)]
    public long MemoryBytes { get; init; }

    /// <summary>CUDA compute capability; 0 for a CPU share.</summary>
    [Id(3)]
    public double Compute { get; init; }

    [Id(4)]
    public int Threads { get; init; }
}

/// <summary>How far a worker is; see <see cref="Paris.Core.Scheduling.RunningWork"/>.</summary>
[GenerateSerializer]
[Alias("paris.work-progress")]
public sealed record WorkProgress
{
    /// <summary>In <see cref="Unit"/> a second; 0 while unknown.</summary>
    [Id(0)]
    public double Rate { get; init; }

    [Id(1)]
    public string Unit { get; init; } = "";

    [Id(2)]
    public long Step { get; init; }

    [Id(3)]
    public long Total { get; init; }

    [Id(4)]
    public long CommittedStep { get; init; }

    /// <summary>Seconds since the worker started.</summary>
    [Id(5)]
    public double Seconds { get; init; }

    /// <summary>Seconds from its start to owning the job; 0 until then.</summary>
    [Id(6)]
    public double StartSeconds { get; init; }

    /// <summary>Duration of its newest commit; 0 before the first.</summary>
    [Id(7)]
    public double CheckpointSeconds { get; init; }
}
