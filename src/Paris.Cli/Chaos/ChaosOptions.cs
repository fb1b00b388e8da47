namespace Paris.Cli.Chaos;

/// <summary>How long what of a chaos run takes.</summary>
internal sealed record ChaosOptions
{
    public required ulong Seed { get; init; }

    /// <summary>How long speeds are measured before the first fault.</summary>
    public TimeSpan Baseline { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long touched jobs may take to train again.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How long the last fault is watched after its recovery: a neighbour may be disturbed late.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the gateway is asked.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>The only run that is looked at; null: every run that runs.</summary>
    public string? Run { get; init; }
}
