namespace Paris.Core.Storage;

/// <summary>
/// Named blobs with conditional writes: the only shared state of a cluster. Names are '/'-separated, relative, without "..",
/// empty segments or backslashes; every implementation checks them with <see cref="BlobName.Check"/>.
/// ETags are opaque and change with every write, also of equal content.
/// </summary>
public interface IBlobStore
{
    /// <summary>What this store is, for people: a path or a container URL, never a secret.</summary>
    string Description { get; }

    /// <summary>The whole blob, or null when there is none.</summary>
    Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>The blob's facts without its content, or null when there is none.</summary>
    Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>A stream over <paramref name="length"/> bytes from <paramref name="offset"/> (to the end when null).</summary>
    /// <exception cref="BlobNotFoundException">There is no such blob.</exception>
    Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default);

    /// <summary>Writes the whole blob atomically: readers see the old content or the new one, never a part.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="content">A seekable stream, read from its position to its end (again after a retry).</param>
    /// <param name="condition">When the write may happen.</param>
    /// <param name="metadata">Small strings beside the content; keys are C identifiers in lower case.</param>
    /// <param name="cancellationToken">Cancels the wait; the write may still happen.</param>
    /// <returns>The new ETag, or a result whose <see cref="PutResult.Succeeded"/> is false when the condition did not hold.</returns>
    Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default);

    /// <summary>Deletes the blob; false when there was none or <paramref name="ifMatch"/> no longer holds.</summary>
    Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default);

    /// <summary>All blobs whose names start with <paramref name="prefix"/>, in ordinal order of names.</summary>
    IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken = default);

    /// <summary>The server's clock, for ages that must not depend on this machine's.</summary>
    Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default);
}

/// <summary>A blob's facts.</summary>
public sealed record BlobInfo(string Name, string ETag, long Size, DateTimeOffset LastModified, IReadOnlyDictionary<string, string> Metadata);

/// <summary>A blob's content and facts.</summary>
public sealed record BlobContent(BlobInfo Info, byte[] Bytes)
{
    public string ETag => Info.ETag;
}

/// <summary>When a write may happen: always, only if absent, or only over a known ETag.</summary>
public readonly record struct PutCondition(string? IfMatch, bool IfAbsent)
{
    public static PutCondition Always => default;

    public static PutCondition Absent => new(null, true);

    public static PutCondition Match(string etag) => new(etag, false);
}

/// <summary>The outcome of a conditional write.</summary>
public readonly record struct PutResult(bool Succeeded, string? ETag);
