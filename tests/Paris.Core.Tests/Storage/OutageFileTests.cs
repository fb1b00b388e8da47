using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

public sealed class OutageFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-outage-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AStoreIsOutForEverybodyWhoKnowsTheFileUntilItsTime()
    {
        var time = new ManualTime();
        var mine = new OutageFile(Path.Combine(_folder, "switch"), time);
        var theirs = new OutageFile(mine.Path, time).Before(new MemoryBlobStore());
        await theirs.PutAsync("a", new byte[] { 1 }, PutCondition.Always);

        mine.Begin(TimeSpan.FromSeconds(10));

        Assert.True(mine.IsOut);
        await Assert.ThrowsAsync<StorageFaultException>(() => theirs.GetAsync("a"));
        await Assert.ThrowsAsync<StorageFaultException>(() => theirs.PutAsync("a", new byte[] { 2 }, PutCondition.Always));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal([1], (await theirs.GetAsync("a"))!.Bytes);
    }

    [Fact]
    public void WithoutAFileNothingIsOutAndNothingIsWrapped()
    {
        var store = new MemoryBlobStore();

        Assert.False(new OutageFile(Path.Combine(_folder, "none"), TimeProvider.System).IsOut);
        Assert.Null(Environment.GetEnvironmentVariable(OutageFile.Variable));
        Assert.Same(store, OutageFile.Wrap(store, TimeProvider.System));
    }
}
