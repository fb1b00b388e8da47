using Paris.Core.Storage;

namespace Paris.Grains.Tests.Membership;

/// <summary>A store that carries out every conditional write over an ETag and loses the reply.</summary>
internal sealed class LosesReplies(IBlobStore inner) : IBlobStore
{
    public string Description => inner.Description;

    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => inner.GetAsync(name, cancellationToken);

    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => inner.HeadAsync(name, cancellationToken);

    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) => inner.OpenReadAsync(name, offset, length, cancellationToken);

    public async Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        var result = await inner.PutAsync(name, content, condition, metadata, cancellationToken);
        return condition.IfMatch is null ? result : throw new StorageFaultException("The reply was lost.");
    }

    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => inner.DeleteAsync(name, ifMatch, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => inner.GetServerTimeAsync(cancellationToken);
}
