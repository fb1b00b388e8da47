using Paris.Core;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Grains.Tests.Membership;

public sealed class BlobMembershipTableTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string> Contract => MembershipContract.Cases;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Contract))]
    public Task KeepsTheContractInADirectory(string name)
        => MembershipContract.CheckAsync(name, new LocalBlobStore(_folder.Path, TimeProvider.System, new LocalBlobStoreOptions { Durable = false }));

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    public void AClusterIdIsAPlainName(string id) => Assert.Throws<ParisInputException>(() => new Core.Membership.ClusterBlobs(id));
}

[Collection(AzuriteGroup.Name)]
public sealed class BlobMembershipTableOnAzureTests(AzuriteFixture azurite)
{
    public static TheoryData<string> Contract => MembershipContract.Cases;

    [AzuriteTheory]
    [MemberData(nameof(Contract))]
    public Task KeepsTheContractOnAzure(string name)
        => MembershipContract.CheckAsync(name, BlobStoreFactory.Open($"azure:{azurite.ConnectionString}container=test-{Guid.NewGuid():n}"));
}
