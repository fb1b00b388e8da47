namespace Paris.FaultProxy;

/// <summary>Which requests fail, and how. Shares are of all requests and exclude one another; their sum is at most 1.</summary>
public sealed record FaultProxyOptions
{
    /// <summary>Decides, with a request's number, what becomes of it.</summary>
    public ulong Seed { get; init; }

    /// <summary>Answered 503 (never forwarded) or 500 (forwarded or not: such an answer tells nothing of what happened).</summary>
    public double Errors { get; init; }

    /// <summary>Forwarded and done, but the connection breaks instead of the answer.</summary>
    public double LostReplies { get; init; }

    /// <summary>Answered after <see cref="StallTime"/>.</summary>
    public double Stalls { get; init; }

    public TimeSpan StallTime { get; init; } = TimeSpan.FromSeconds(2);
}
