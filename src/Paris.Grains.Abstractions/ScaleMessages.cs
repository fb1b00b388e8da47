namespace Paris.Grains.Abstractions;

/// <summary>What the queue needs and what could go; see <see cref="Paris.Core.Scheduling.ScaleAdvice"/>.</summary>
[GenerateSerializer]
[Alias("paris.scale-status")]
public sealed record ScaleStatus
{
    [Id(0)]
    public int Queued { get; init; }

    [Id(1)]
    public int Running { get; init; }

    [Id(2)]
    public int Slots { get; init; }

    [Id(3)]
    public int Free { get; init; }

    [Id(4)]
    public WantedStatus[] Wanted { get; init; } = [];

    [Id(5)]
    public FinishStatus[] Finish { get; init; } = [];

    [Id(6)]
    public SiloCostStatus[] Silos { get; init; } = [];

    [Id(7)]
    public bool Rebalances { get; init; }
}

/// <summary>Waiting jobs of one kind of needs.</summary>
[GenerateSerializer]
[Alias("paris.wanted-status")]
public sealed record WantedStatus
{
    /// <summary>The needs for people, e.g. <c>40 GiB and a GPU 'A100'</c>.</summary>
    [Id(0)]
    public string Needs { get; init; } = "";

    [Id(1)]
    public int Jobs { get; init; }

    [Id(2)]
    public int Present { get; init; }

    [Id(3)]
    public int Add { get; init; }
}

/// <summary>Estimated time until all that runs and waits is done.</summary>
[GenerateSerializer]
[Alias("paris.finish-status")]
public sealed record FinishStatus
{
    [Id(0)]
    public int Added { get; init; }

    /// <summary>Null when no job's time is known.</summary>
    [Id(1)]
    public double? Seconds { get; init; }

    /// <summary>Jobs whose time is not known.</summary>
    [Id(2)]
    public int Unknown { get; init; }
}

/// <summary>What removing a silo would disturb.</summary>
[GenerateSerializer]
[Alias("paris.silo-cost-status")]
public sealed record SiloCostStatus
{
    [Id(0)]
    public string Silo { get; init; } = "";

    [Id(1)]
    public int Slots { get; init; }

    [Id(2)]
    public int Running { get; init; }

    [Id(3)]
    public int Cost { get; init; }

    [Id(4)]
    public bool CanGo { get; init; }
}
