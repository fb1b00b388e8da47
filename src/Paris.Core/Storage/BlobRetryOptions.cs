namespace Paris.Core.Storage;

/// <summary>How often and when a call to a store is repeated.</summary>
public sealed record BlobRetryOptions
{
    /// <summary>Repetitions after the first attempt.</summary>
    /// <value>6: with the delays below about 12 seconds in all.</value>
    public int Retries { get; init; } = 6;

    /// <summary>Mean delay before the first repetition; doubled each time, with jitter.</summary>
    /// <value>200 ms.</value>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest delay.</summary>
    /// <value>10 s.</value>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(10);
}
