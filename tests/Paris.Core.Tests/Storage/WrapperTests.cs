using Paris.Core.Jobs;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

/// <summary>Wrappers keep the contract of what they wrap.</summary>
public sealed class WrapperTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static TheoryData<string> Contract => BlobStoreContract.Cases;

    /// <summary>The store of the simulations serves one thread.</summary>
    public static TheoryData<string> SingleThreaded
        => [.. BlobStoreContract.Names.Except([nameof(BlobStoreContract.OneOfManyThreadsWins), nameof(BlobStoreContract.ReadersNeverSeeAPart)])];

    /// <summary>What a wrapper asks of its inner store without faults is the same everywhere, so the local store, unsynced, stands for all.</summary>
    private LocalBlobStore Inner => new(_folder.Path, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Contract))]
    public Task ScopedKeepsTheContract(string name) => BlobStoreContract.CheckAsync(name, ScopedBlobStore.ForJob(Inner, new JobId("r", JobKind.Ingest)));

    [Theory]
    [MemberData(nameof(Contract))]
    public Task FaultyWithoutFaultsKeepsTheContract(string name) => BlobStoreContract.CheckAsync(name, new FaultyBlobStore(Inner, seed: 1, new BlobFaultOptions { Delay = 0.1, MaxDelay = TimeSpan.FromMilliseconds(2) }, TimeProvider.System));

    [Theory]
    [MemberData(nameof(Contract))]
    public Task RetryingKeepsTheContract(string name) => BlobStoreContract.CheckAsync(name, new RetryingBlobStore(Inner, TimeProvider.System));

    [Theory]
    [MemberData(nameof(SingleThreaded))]
    public Task MemoryKeepsTheContract(string name) => BlobStoreContract.CheckAsync(name, new MemoryBlobStore());
}
