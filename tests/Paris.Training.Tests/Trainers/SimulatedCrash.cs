using Paris.Core.Storage;

namespace Paris.Training.Tests.Trainers;

/// <summary>The process is gone.</summary>
internal sealed class SimulatedCrash : Exception;

/// <summary>A store whose process dies at its n-th write: just before the write, or just after it and before the reply.</summary>
internal sealed class CrashingStore(IBlobStore inner, int dieAtWrite, bool afterwards) : IBlobStore
{
    private int _writes;
    private volatile bool _dead;

    public string Description => inner.Description;

    public async Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        Live();
        var last = Interlocked.Increment(ref _writes) == dieAtWrite;
        if (last && !afterwards)
        {
            Die();
        }

        var result = await inner.PutAsync(name, content, condition, metadata, cancellationToken);
        if (last)
        {
            Die();
        }

        return result;
    }

    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => Live().GetAsync(name, cancellationToken);

    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => Live().HeadAsync(name, cancellationToken);

    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) => Live().OpenReadAsync(name, offset, length, cancellationToken);

    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => Live().DeleteAsync(name, ifMatch, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken = default) => Live().ListAsync(prefix, cancellationToken);

    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => Live().GetServerTimeAsync(cancellationToken);

    public void Die()
    {
        _dead = true;
        throw new SimulatedCrash();
    }

    private IBlobStore Live() => _dead ? throw new SimulatedCrash() : inner;
}
