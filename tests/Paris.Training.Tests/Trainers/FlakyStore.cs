using Paris.Core.Storage;

namespace Paris.Training.Tests.Trainers;

/// <summary>A store that refuses every call while <see cref="Refuse"/> is set.</summary>
internal sealed class FlakyStore(IBlobStore inner) : IBlobStore
{
    private int _refused;

    public volatile bool Refuse;

    public int Refused => _refused;

    public string Description => inner.Description;

    public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) => Answering().PutAsync(name, content, condition, metadata, cancellationToken);

    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => Answering().GetAsync(name, cancellationToken);

    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => Answering().HeadAsync(name, cancellationToken);

    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) => Answering().OpenReadAsync(name, offset, length, cancellationToken);

    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => Answering().DeleteAsync(name, ifMatch, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken = default) => Answering().ListAsync(prefix, cancellationToken);

    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => Answering().GetServerTimeAsync(cancellationToken);

    private IBlobStore Answering()
    {
        if (!Refuse)
        {
            return inner;
        }

        Interlocked.Increment(ref _refused);
        throw new StorageFaultException("The store refuses (test).");
    }
}
