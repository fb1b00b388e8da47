using System.Runtime.CompilerServices;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.Core.Tests.Simulation;

/// <summary>Between a worker's fence and its store: makes the fence behave as if it had a <see cref="FenceFlaw"/>.</summary>
internal sealed class FlawedStore(IBlobStore inner, FenceFlaw flaw, string claim) : IBlobStore
{
    private readonly List<(string Name, byte[] Bytes)> _late = [];
    private bool _owner;

    public string Description => inner.Description;

    public async Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        var content = await inner.GetAsync(name, cancellationToken);
        if (flaw == FenceFlaw.ClaimNotCompared && _owner && content is not null && IsHead(name))
        {
            var head = JsonSerializer.Deserialize<JobHead>(content.Bytes, WorkerProtocol.Json)!;
            return content with { Bytes = JsonSerializer.SerializeToUtf8Bytes(head with { Claim = claim }, WorkerProtocol.Json) };
        }

        return content;
    }

    public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => inner.HeadAsync(name, cancellationToken);

    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
        => inner.OpenReadAsync(name, offset, length, cancellationToken);

    public async Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        var bytes = new byte[content.Length - content.Position];
        content.ReadExactly(bytes);
        if (!IsHead(name))
        {
            if (flaw == FenceFlaw.HeadBeforeBlob && name.Contains("/step-", StringComparison.Ordinal))
            {
                _late.Add((name, bytes));
                return new PutResult(true, "later");
            }

            return await PutAsync(name, bytes, condition);
        }

        var put = await PutHeadAsync(name, bytes, condition);
        _owner |= put.Succeeded;
        foreach (var (late, body) in _late.ToArray())
        {
            await PutAsync(late, body, PutCondition.Always);
            _late.Remove((late, body));
        }

        return put;
    }

    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => inner.DeleteAsync(name, ifMatch, cancellationToken);

    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var info in inner.ListAsync(prefix, cancellationToken))
        {
            yield return info;
        }
    }

    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => inner.GetServerTimeAsync(cancellationToken);

    private static bool IsHead(string name) => name.EndsWith("head.json", StringComparison.Ordinal);

    private async Task<PutResult> PutHeadAsync(string name, byte[] bytes, PutCondition condition)
    {
        switch (flaw)
        {
            case FenceFlaw.NoEpochCheck when _owner:
                return await PutAsync(name, bytes, PutCondition.Always);
            case FenceFlaw.BlindRetry when _owner:
                try
                {
                    if (await PutAsync(name, bytes, condition) is { Succeeded: true } put)
                    {
                        return put;
                    }
                }
                catch (StorageFaultException)
                {
                }

                return await PutAsync(name, bytes, PutCondition.Always);
            default:
                return await PutAsync(name, bytes, condition);
        }
    }

    private async Task<PutResult> PutAsync(string name, byte[] bytes, PutCondition condition)
    {
        using var content = new MemoryStream(bytes, writable: false);
        return await inner.PutAsync(name, content, condition);
    }
}
