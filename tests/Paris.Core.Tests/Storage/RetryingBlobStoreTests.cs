using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

public sealed class RetryingBlobStoreTests
{
    private readonly ManualTime _time = new() { Jumps = true };
    private readonly MemoryBlobStore _inner = new();

    [Fact]
    public async Task AnOutageIsSatOut()
    {
        await _inner.PutAsync("a", new byte[] { 1 }, PutCondition.Absent);
        var faulty = Faulty(new BlobFaultOptions { Outages = [(TimeSpan.Zero, TimeSpan.FromSeconds(3))] });
        var store = new RetryingBlobStore(faulty, _time);
        Assert.Equal([1], (await store.GetAsync("a"))!.Bytes);
        Assert.True(_time.GetElapsedTime(0) >= TimeSpan.FromSeconds(3));
        Assert.Equal(faulty.Faults, _time.Waits.Count);
    }

    [Fact]
    public async Task DelaysGrowAndEnd()
    {
        var options = new BlobRetryOptions { Retries = 8, Delay = TimeSpan.FromMilliseconds(200), MaxDelay = TimeSpan.FromSeconds(5) };
        var store = new RetryingBlobStore(Faulty(new BlobFaultOptions { ErrorBefore = 1 }), _time, options);
        await Assert.ThrowsAsync<StorageFaultException>(() => store.GetAsync("a"));
        Assert.Equal(8, _time.Waits.Count);
        Assert.All(_time.Waits, wait => Assert.InRange(wait, TimeSpan.Zero, TimeSpan.FromSeconds(5)));
        Assert.True(_time.Waits[^3..].Max() > TimeSpan.FromSeconds(1));
        Assert.True(_time.Waits[0] < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task UnconditionalWorkIsRepeatedAndWhole()
    {
        var store = new RetryingBlobStore(Faulty(new BlobFaultOptions { ErrorBefore = 0.3, ErrorAfter = 0.2 }), _time, new BlobRetryOptions { Retries = 50 });
        for (var i = 0; i < 50; i++)
        {
            using var stream = new MemoryStream([0, 0, (byte)i]) { Position = 2 };
            Assert.True((await store.PutAsync($"d/{i:D2}", stream, PutCondition.Always)).Succeeded);
            Assert.Equal([(byte)i], (await store.GetAsync($"d/{i:D2}"))!.Bytes);
            await using var read = await store.OpenReadAsync($"d/{i:D2}");
            Assert.Equal(i, read.ReadByte());
        }

        await store.DeleteAsync("d/07");
        Assert.Equal(Enumerable.Range(0, 50).Where(i => i != 7).Select(i => $"d/{i:D2}"), (await BlobStoreContract.ListAsync(store, "d/")).Select(info => info.Name));
    }

    [Fact]
    public async Task AConditionalWriteIsNotRepeated()
    {
        var faulty = Faulty(new BlobFaultOptions { ErrorAfter = 1 });
        var store = new RetryingBlobStore(faulty, _time);
        await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Absent));
        await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Match("1")));
        await Assert.ThrowsAsync<StorageFaultException>(() => store.DeleteAsync("a", "2"));
        Assert.Equal(3, faulty.Calls);
    }

    [Fact]
    public async Task ABrokenListGoesOnWhereItBroke()
    {
        for (var i = 0; i < 9; i++)
        {
            await _inner.PutAsync($"d/{i}", new byte[] { 1 }, PutCondition.Absent);
        }

        var store = new RetryingBlobStore(new BreakingLists(_inner), _time);
        Assert.Equal(Enumerable.Range(0, 9).Select(i => $"d/{i}"), (await BlobStoreContract.ListAsync(store, "d/")).Select(info => info.Name));
    }

    [Fact]
    public async Task AMissingBlobIsNoFault()
    {
        await Assert.ThrowsAsync<BlobNotFoundException>(() => new RetryingBlobStore(_inner, _time).OpenReadAsync("a"));
        Assert.Empty(_time.Waits);
    }

    private FaultyBlobStore Faulty(BlobFaultOptions options) => new(_inner, seed: 3, options, _time);

    /// <summary>Every list breaks after four names, three times.</summary>
    private sealed class BreakingLists(IBlobStore inner) : IBlobStore
    {
        private int _broken;

        public string Description => inner.Description;

        public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var count = 0;
            await foreach (var info in inner.ListAsync(prefix, cancellationToken))
            {
                if (count++ == 4 + _broken && _broken < 3)
                {
                    _broken++;
                    throw new StorageFaultException("The list broke off.");
                }

                yield return info;
            }
        }

        public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
