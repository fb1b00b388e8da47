using System.Runtime.CompilerServices;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;

namespace Paris.Core.Tests.Simulation;

/// <summary>
/// The store as one process reaches it: every call travels there and back, and on the way it may fail, arrive late, or lose its reply
/// although it succeeded.
/// </summary>
internal sealed class SimStoreLink(SimLoop loop, SimProcess process, SimNode node, MemoryBlobStore store, SimFaults faults) : IBlobStore
{
    public string Description => store.Description;

    public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default)
        => CallAsync("get", name, false, () => store.GetAsync(name, cancellationToken));

    public async Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default)
        => (await GetAsync(name, cancellationToken))?.Info;

    public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
        => CallAsync("open", name, false, () => store.OpenReadAsync(name, offset, length, cancellationToken));

    public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
    {
        var copy = new MemoryStream();
        content.CopyTo(copy);
        return CallAsync("put", name, true, () =>
        {
            copy.Position = 0;
            return store.PutAsync(name, copy, condition, metadata, CancellationToken.None);
        });
    }

    public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default)
        => CallAsync("delete", name, true, () => store.DeleteAsync(name, ifMatch, CancellationToken.None));

    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var info in await CallAsync("list", prefix, false, async () => await store.ListAsync(prefix, cancellationToken).ToListAsync(cancellationToken)))
        {
            yield return info;
        }
    }

    public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default)
        => CallAsync("clock", "", false, () => Task.FromResult(loop.GetUtcNow()));

    private Task<T> CallAsync<T>(string verb, string name, bool write, Func<Task<T>> call)
    {
        var reply = new TaskCompletionSource<T>();
        var back = Latency();
        if (node.StoreCut || faults.Outage)
        {
            Fault(back, "no connection");
        }
        else if (faults.On && loop.Chance(faults.Error))
        {
            Fault(back, "did not happen");
        }
        else if (faults.On && write && loop.Chance(faults.Late))
        {
            loop.After(loop.Between(1, 20), () => Now(call));
            Fault(loop.Between(0.5, 1), "hangs");
        }
        else
        {
            var lost = faults.On && loop.Chance(faults.LostReply);
            loop.After(Latency(), () =>
            {
                T result;
                try
                {
                    result = Now(call);
                }
                catch (BlobNotFoundException exception)
                {
                    // That is the store's answer, not a fault.
                    loop.After(back, () => process.Post(() => reply.SetException(exception)));
                    return;
                }

                if (lost)
                {
                    Fault(back, "lost its reply");
                }
                else
                {
                    loop.After(back, () => process.Post(() => reply.SetResult(result)));
                }
            });
        }

        return reply.Task;

        void Fault(double after, string what) => loop.After(after, () => process.Post(() =>
        {
            loop.Log($"store: {verb} {name} by {node.Name} {what}");
            reply.SetException(new StorageFaultException($"{verb} '{name}' {what}"));
        }));
    }

    private static T Now<T>(Func<Task<T>> call) => call().GetAwaiter().GetResult();

    private double Latency() => faults.On && loop.Chance(faults.Slow) ? loop.Between(0.5, 4) : loop.Between(0.002, 0.03);
}
