namespace Paris.Core.Membership;

/// <summary>How a cluster keeps its membership in the store (DESIGN section 7). Every silo of a cluster needs the same values.</summary>
public sealed class BlobClusteringOptions
{
    /// <summary>How often a silo writes its heartbeat blob.</summary>
    /// <value>5 s.</value>
    public TimeSpan HeartbeatPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How soon a heartbeat that failed is written again.</summary>
    /// <value>1 s: after an outage of the store every silo must be seen alive before anybody may judge it.</value>
    public TimeSpan HeartbeatRetry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long heartbeats go on by themselves after the last call of the runtime.</summary>
    /// <value>2 min: longer than a drain and than the runtime's longest pause after failures (64 s).</value>
    public TimeSpan HeartbeatLimit { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>A row whose heartbeat is older than this by the server's clock may be stale.</summary>
    /// <value>15 s, three heartbeats.</value>
    public TimeSpan StaleAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>For how long a silo must itself have read the heartbeat unchanged before it calls the row stale.</summary>
    /// <value>10 s, two heartbeats.</value>
    public TimeSpan UnchangedFor { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>In how many reads, with no failed call between.</summary>
    /// <value>3.</value>
    public int UnchangedReads { get; set; } = 3;

    /// <summary>Longest wait for one call of the store.</summary>
    /// <value>10 s.</value>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Refuses values with which healthy silos would be swept.</summary>
    /// <exception cref="ParisInputException">Which value is wrong, and what would be right.</exception>
    public BlobClusteringOptions Validate()
    {
        if (HeartbeatPeriod <= TimeSpan.Zero || HeartbeatRetry <= TimeSpan.Zero || CallTimeout <= TimeSpan.Zero)
        {
            throw new ParisInputException($"Blob clustering: {nameof(HeartbeatPeriod)}, {nameof(HeartbeatRetry)} and {nameof(CallTimeout)} must be longer than zero.");
        }

        if (StaleAfter < 2 * HeartbeatPeriod || UnchangedFor < 2 * HeartbeatPeriod || UnchangedReads < 2)
        {
            throw new ParisInputException(
                $"Blob clustering: {nameof(StaleAfter)} is {StaleAfter.TotalSeconds:0.##} s, {nameof(UnchangedFor)} {UnchangedFor.TotalSeconds:0.##} s and {nameof(UnchangedReads)} {UnchangedReads}; "
                + $"the first two must be at least two heartbeats ({2 * HeartbeatPeriod.TotalSeconds:0.##} s) and the last at least 2, or a late heartbeat would cost a healthy silo.");
        }

        return this;
    }
}
