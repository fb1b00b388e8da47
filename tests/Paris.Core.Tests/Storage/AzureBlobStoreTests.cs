using System.Net;
using System.Net.Sockets;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

[Collection(AzuriteGroup.Name)]
public sealed class AzureBlobStoreTests(AzuriteFixture azurite)
{
    public static TheoryData<string> Contract => BlobStoreContract.Cases;

    private string Location { get; } = $"azure:{azurite.ConnectionString}container=test-{Guid.NewGuid():n}";

    [AzuriteTheory]
    [MemberData(nameof(Contract))]
    public async Task KeepsTheContract(string name) => await BlobStoreContract.CheckAsync(name, BlobStoreFactory.Open(Location));

    /// <summary>Takes some seconds: processes.</summary>
    [AzuriteFact]
    public Task OneProcessCreates() => StoreRaces.OneProcessCreatesAsync(BlobStoreFactory.Open(Location), Location, processes: 3, rounds: 30);

    /// <summary>Takes some seconds: processes.</summary>
    [AzuriteFact]
    public Task NoConditionalWriteIsLost() => StoreRaces.NoConditionalWriteIsLostAsync(BlobStoreFactory.Open(Location), Location, processes: 3, successes: 30);

    [AzuriteFact]
    public async Task ABlobLargerThanOneRequestIsWhole()
    {
        var store = BlobStoreFactory.Open(Location);
        var content = new byte[40 << 20];
        for (var i = 0; i < content.Length; i += 1 << 20)
        {
            content[i] = (byte)(i >> 20);
        }

        var put = await store.PutAsync("big", content, PutCondition.Absent);
        Assert.True(put.Succeeded);
        Assert.False((await store.PutAsync("big", content, PutCondition.Absent)).Succeeded);
        Assert.True((await store.PutAsync("big", content, PutCondition.Match(put.ETag!))).Succeeded);
        Assert.Equal(content, (await store.GetAsync("big"))!.Bytes);
    }

    [AzuriteFact]
    public void TheDescriptionHoldsNoSecret()
    {
        var store = BlobStoreFactory.Open(Location);
        Assert.StartsWith(azurite.Endpoint!.ToString(), store.Description, StringComparison.Ordinal);
        Assert.DoesNotContain("Key", store.Description, StringComparison.Ordinal);
        Assert.Equal(store.Description, BlobStoreFactory.Describe(Location));
    }

    /// <summary>
    /// A reply that was lost: reads and unconditional writes are repeated, a conditional write is not, because its repetition could be refused
    /// for its own success.
    /// </summary>
    [Fact]
    public async Task AConditionalWriteIsSentOnce()
    {
        using var server = new DeadServer();
        var store = AzureBlobStore.FromConnectionString(
            $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint={server.Endpoint}/a",
            "c",
            new BlobRetryOptions { Retries = 2, Delay = TimeSpan.FromMilliseconds(1), MaxDelay = TimeSpan.FromMilliseconds(2) });
        Assert.Equal(1, await RequestsAsync(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Absent)));
        Assert.Equal(1, await RequestsAsync(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Match("1"))));
        Assert.Equal(1, await RequestsAsync(() => store.PutAsync("a", Array.Empty<byte>(), PutCondition.Match("1"))));
        Assert.Equal(3, await RequestsAsync(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Always)));

        // Below the SDK, .NET's HTTP handler itself repeats a request without a body up to three times.
        Assert.InRange(await RequestsAsync(() => store.GetAsync("a")), 3, 12);
        Assert.InRange(await RequestsAsync(() => BlobStoreContract.ListAsync(store, "")), 3, 12);

        async Task<int> RequestsAsync(Func<Task> call)
        {
            var before = server.Requests;
            await Assert.ThrowsAsync<StorageFaultException>(call);
            return server.Requests - before;
        }
    }

    [Fact]
    public async Task AServerThatDoesNotAnswerIsAStorageFault()
    {
        // Port 9 is the discard port; nothing listens there.
        var store = BlobStoreFactory.Open("azure:DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:9/a;container=c");

        // A conditional write is not repeated: its caller resolves what happened.
        var exception = await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("a", new byte[] { 1 }, PutCondition.Absent));
        Assert.Contains("http://127.0.0.1:9/a/c", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", exception.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Takes a request and hangs up without an answer.</summary>
    private sealed class DeadServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _requests;

        public DeadServer()
        {
            _listener.Start();
            _ = Task.Run(async () =>
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(client.GetStream());
                    while (await reader.ReadLineAsync() is { Length: > 0 })
                    {
                    }

                    Interlocked.Increment(ref _requests);
                }
            });
        }

        public int Requests => Volatile.Read(ref _requests);

        public string Endpoint => $"http://{_listener.LocalEndpoint}";

        public void Dispose() => _listener.Stop();
    }
}
