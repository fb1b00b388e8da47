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

    /// <summary>Takes some seconds: the retries of a server that is not there.</summary>
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
}
