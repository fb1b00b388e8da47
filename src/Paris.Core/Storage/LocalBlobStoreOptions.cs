namespace Paris.Core.Storage;

/// <summary>How a <see cref="LocalBlobStore"/> behaves.</summary>
public sealed record LocalBlobStoreOptions
{
    /// <summary>
    /// Whether a write returns only once files and folders are on the disk, so that it survives a power cut.
    /// </summary>
    /// <value>
    /// True. Without it a write still survives the death of every process, only not of the machine; good for tests and for caches
    /// that can be computed again.
    /// </value>
    public bool Durable { get; init; } = true;

    /// <summary>How long a write waits for another process that holds the lock of its name before it gives up.</summary>
    /// <value>30 seconds; a lock is held for well under a millisecond unless its holder is stopped.</value>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
