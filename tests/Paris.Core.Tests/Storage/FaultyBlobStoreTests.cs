using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

public sealed class FaultyBlobStoreTests
{
    [Fact]
    public async Task ASeedGivesTheSameFaultsAgain()
    {
        Assert.Equal(await RunAsync(seed: 5), await RunAsync(seed: 5));
        Assert.NotEqual(await RunAsync(seed: 5), await RunAsync(seed: 6));

        static async Task<string> RunAsync(ulong seed)
        {
            var store = new FaultyBlobStore(new MemoryBlobStore(), seed, new BlobFaultOptions { ErrorBefore = 0.2, ErrorAfter = 0.2, Late = 0.2 }, TimeProvider.System);
            var log = "";
            for (var i = 0; i < 200; i++)
            {
                try
                {
                    var put = await store.PutAsync("a", new byte[] { (byte)i }, PutCondition.Always);
                    log += $"{put.ETag} ";
                }
                catch (StorageFaultException exception)
                {
                    log += exception.Message + " ";
                }
            }

            Assert.InRange(store.Faults, 80, 160);
            Assert.Equal(200, store.Calls);
            return log;
        }
    }

    [Fact]
    public async Task AnErrorBeforeDoesNothing()
    {
        var inner = new MemoryBlobStore();
        var store = new FaultyBlobStore(inner, 1, new BlobFaultOptions { ErrorBefore = 1 }, TimeProvider.System);
        await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Always));
        Assert.Empty(inner.Blobs);
    }

    [Fact]
    public async Task ALostReplyHasDoneItsWork()
    {
        var inner = new MemoryBlobStore();
        var store = new FaultyBlobStore(inner, 1, new BlobFaultOptions { ErrorAfter = 1 }, TimeProvider.System);
        await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Always));
        Assert.Equal([1], inner.Blobs["a"].Bytes);
        await Assert.ThrowsAsync<StorageFaultException>(() => store.DeleteAsync("a"));
        Assert.Empty(inner.Blobs);
    }

    [Fact]
    public async Task ALateWriteArrivesAFewCallsOn()
    {
        var inner = new MemoryBlobStore();
        var store = new FaultyBlobStore(inner, 1, new BlobFaultOptions { Late = 1 }, TimeProvider.System);
        var content = new MemoryStream([1, 2]);
        await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("a", content, PutCondition.Absent));
        content.SetLength(0);
        Assert.Empty(inner.Blobs);
        for (var i = 0; i < 10; i++)
        {
            await store.GetAsync("a");
        }

        Assert.Equal([1, 2], inner.Blobs["a"].Bytes);
    }

    [Fact]
    public async Task AnOutageRefusesEverythingAndEnds()
    {
        var time = new ManualTime();
        var outage = new BlobFaultOptions { Outages = [(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(55))] };
        var store = new FaultyBlobStore(new MemoryBlobStore(), 1, outage, time);
        await store.GetAsync("a");
        time.Advance(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<StorageFaultException>(() => store.GetAsync("a"));
        await Assert.ThrowsAsync<StorageFaultException>(() => store.GetServerTimeAsync());
        await Assert.ThrowsAsync<StorageFaultException>(() => BlobStoreContract.ListAsync(store, ""));
        time.Advance(TimeSpan.FromSeconds(45));
        await store.GetAsync("a");
        store.BeginOutage(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<StorageFaultException>(() => store.HeadAsync("a"));
        time.Advance(TimeSpan.FromSeconds(3));
        await store.HeadAsync("a");
    }
}
