namespace Paris.Core.Storage;

/// <summary>Conveniences over <see cref="IBlobStore"/>.</summary>
public static class BlobStoreExtensions
{
    /// <summary>Writes bytes; see <see cref="IBlobStore.PutAsync"/>.</summary>
    public static async Task<PutResult> PutAsync(this IBlobStore store, string name, ReadOnlyMemory<byte> content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        return await store.PutAsync(name, stream, condition, metadata, cancellationToken).ConfigureAwait(false);
    }
}
