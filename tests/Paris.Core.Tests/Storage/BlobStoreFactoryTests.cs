using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

public sealed class BlobStoreFactoryTests
{
    [Fact]
    public void APathIsADirectory()
    {
        using var folder = new TempFolder();
        var store = BlobStoreFactory.Open(Path.Combine(folder.Path, "store"));
        Assert.IsType<LocalBlobStore>(store);
        Assert.Equal(Path.Combine(folder.Path, "store"), store.Description);
    }

    [Theory]
    [InlineData("https://account.blob.core.windows.net/runs", "https://account.blob.core.windows.net/runs")]
    [InlineData("https://account.blob.core.windows.net/runs?sv=2024&sig=SECRET", "https://account.blob.core.windows.net/runs")]
    [InlineData("azure:DefaultEndpointsProtocol=https;AccountName=account;AccountKey=U0VDUkVU;EndpointSuffix=core.windows.net;container=runs", "https://account.blob.core.windows.net/runs")]
    [InlineData("azure:UseDevelopmentStorage=true;container=runs", "http://127.0.0.1:10000/devstoreaccount1/runs")]
    public void AContainerIsDescribedWithoutSecrets(string location, string description)
    {
        var store = BlobStoreFactory.Open(location);
        Assert.IsType<AzureBlobStore>(store);
        Assert.Equal(description, store.Description);
        Assert.Equal(description, BlobStoreFactory.Describe(location));
    }

    [Theory]
    [InlineData("")]
    [InlineData("https://account.blob.core.windows.net")]
    [InlineData("https://account.blob.core.windows.net/?sig=SECRET")]
    [InlineData("http://account.blob.core.windows.net/runs?sig=SECRET")]
    [InlineData("azure:AccountKey=SECRET")]
    [InlineData("azure:AccountKey=SECRET;container=runs")]
    [InlineData("azure:SECRET")]
    public void OtherLocationsAreRefusedWithoutQuotingSecrets(string location)
    {
        var exception = Assert.Throws<ParisInputException>(() => BlobStoreFactory.Open(location));
        Assert.DoesNotContain("SECRET", exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", BlobStoreFactory.Describe(location), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStoreThatCannotBeWrittenIsBadInput()
    {
        using var folder = new TempFolder();
        var good = new LocalBlobStore(folder.Path, TimeProvider.System);
        await BlobStoreFactory.CheckWritableAsync(good);
        Assert.Empty(await BlobStoreContract.ListAsync(good, ""));
        var out_ = new FaultyBlobStore(good, seed: 1, new BlobFaultOptions { ErrorBefore = 1 }, TimeProvider.System);
        await Assert.ThrowsAsync<ParisInputException>(() => BlobStoreFactory.CheckWritableAsync(out_));
    }
}
