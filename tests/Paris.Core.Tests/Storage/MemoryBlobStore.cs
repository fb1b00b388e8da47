using System.Globalization;
using System.Runtime.CompilerServices;
using Paris.Core.Storage;

namespace Paris.Core.Tests.Storage;

/// <summary>
/// A store in memory for simulations: every call completes at once unless <see cref="Turn"/> makes it wait. Not part of the product.
/// </summary>
internal class MemoryBlobStore(TimeProvider? time = null) : IBlobStore
{
    private readonly SortedDictionary<string, BlobContent> _blobs = new(StringComparer.Ordinal);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private long _versions;

    public string Description => "memory";

    /// <summary>Awaited before every call takes place; a call itself is atomic.</summary>
    public Func<Task> Turn { get; set; } = () => Task.CompletedTask;

    public IReadOnlyDictionary<string, BlobContent> Blobs => _blobs;

    public async Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        BlobName.Check(name);
        await Turn().ConfigureAwait(false);
        return _blobs.GetValueOrDefault(name);
    }

    public async Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => (await GetAsync(name, cancellationToken).ConfigureAwait(false))?.Info;

    public async Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
    {
        var content = await GetAsync(name, cancellationToken).ConfigureAwait(false) ?? throw new BlobNotFoundException(name, Description);
        var start = (int)Math.Min(offset, content.Bytes.Length);
        return new MemoryStream(content.Bytes, start, (int)Math.Min(length ?? long.MaxValue, content.Bytes.Length - start), writable: false);
    }

    public async Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        BlobName.Check(name);
        BlobMetadata.Check(metadata, name);
        var copy = new MemoryStream();
        content.CopyTo(copy);
        await Turn().ConfigureAwait(false);
        if (!Holds(condition, _blobs.GetValueOrDefault(name)))
        {
            return new PutResult(false, null);
        }

        var etag = (++_versions).ToString(CultureInfo.InvariantCulture);
        var info = new BlobInfo(name, etag, copy.Length, _time.GetUtcNow(), new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()));
        var former = _blobs.GetValueOrDefault(name);
        _blobs[name] = new BlobContent(info, copy.ToArray());
        OnPut(former, _blobs[name]);
        return new PutResult(true, etag);
    }

    public async Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default)
    {
        BlobName.Check(name);
        await Turn().ConfigureAwait(false);
        if (_blobs.GetValueOrDefault(name) is not { } former || (ifMatch is not null && former.ETag != ifMatch))
        {
            return false;
        }

        _blobs.Remove(name);
        OnDelete(former);
        return true;
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        BlobName.CheckPrefix(prefix);
        await Turn().ConfigureAwait(false);
        foreach (var content in _blobs.Values.Where(blob => blob.Info.Name.StartsWith(prefix, StringComparison.Ordinal)).ToList())
        {
            yield return content.Info;
        }
    }

    public async Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default)
    {
        await Turn().ConfigureAwait(false);
        return _time.GetUtcNow();
    }

    /// <summary>Spoils a blob in place, as a bad disk would.</summary>
    public void Damage(string name) => _blobs[name].Bytes[0] ^= 0x40;

    protected virtual bool Holds(PutCondition condition, BlobContent? current)
        => condition.IfAbsent ? current is null : condition.IfMatch is null || current?.ETag == condition.IfMatch;

    protected virtual void OnPut(BlobContent? former, BlobContent current)
    {
    }

    protected virtual void OnDelete(BlobContent former)
    {
    }
}
