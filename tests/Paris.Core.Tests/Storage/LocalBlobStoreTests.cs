using System.Security.Cryptography;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

public sealed class LocalBlobStoreTests : IDisposable
{
    private static readonly LocalBlobStoreOptions Fast = new() { Durable = false };

    private readonly TempFolder _folder = new();

    public static TheoryData<string> Contract => BlobStoreContract.Cases;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Contract))]
    public async Task KeepsTheContract(string name)
        => await BlobStoreContract.CheckAsync(name, new LocalBlobStore(_folder.Path, TimeProvider.System));

    [Fact]
    public async Task NothingButTheLinkedVersionsStays()
    {
        var store = Open();
        var metadata = new Dictionary<string, string> { ["a"] = "b" };
        for (var i = 0; i < 5; i++)
        {
            await store.PutAsync("d/a", new byte[] { 1 }, PutCondition.Always, metadata);
            await store.PutAsync("d/b", new byte[] { 1 }, PutCondition.Absent);
            await store.PutAsync("d/c", new byte[] { 1 }, PutCondition.Match("none"), metadata);
        }

        await store.PutAsync("d/e", new byte[] { 1 }, PutCondition.Always, metadata);
        await store.DeleteAsync("d/e");

        // Two versions and one metadata file.
        Assert.Equal(3, Directory.GetFiles(Path.Combine(_folder.Path, "d/.blobs")).Length);
        Assert.Equal(0, store.Sweep());
    }

    [Fact]
    public async Task OtherProgramsSeePlainFiles()
    {
        var store = Open();
        await store.PutAsync("d/picture.png", new byte[] { 1, 2, 3 }, PutCondition.Always, new Dictionary<string, string> { ["a"] = "b" });
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "d/picture.png")));

        // The folder may be moved as a whole.
        Directory.Move(Path.Combine(_folder.Path, "d"), Path.Combine(_folder.Path, "moved"));
        Assert.Equal([1, 2, 3], (await store.GetAsync("moved/picture.png"))!.Bytes);
    }

    [Fact]
    public async Task AFilePutThereByHandIsABlob()
    {
        var store = Open();
        Directory.CreateDirectory(Path.Combine(_folder.Path, "d"));
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "d/hand.json"), "{}");
        var content = (await store.GetAsync("d/hand.json"))!;
        Assert.Equal("{}"u8.ToArray(), content.Bytes);
        Assert.Equal(content.ETag, Assert.Single(await BlobStoreContract.ListAsync(store, "d/")).ETag);
        Assert.False((await store.PutAsync("d/hand.json", new byte[] { 1 }, PutCondition.Absent)).Succeeded);
        Assert.True((await store.PutAsync("d/hand.json", new byte[] { 1 }, PutCondition.Match(content.ETag))).Succeeded);
        Assert.Equal([1], (await store.GetAsync("d/hand.json"))!.Bytes);
    }

    [Fact]
    public async Task TimesAreTheGivenClocks()
    {
        var time = new FixedTime(new DateTimeOffset(2031, 5, 6, 7, 8, 9, TimeSpan.Zero));
        var store = new LocalBlobStore(_folder.Path, time, Fast);
        await store.PutAsync("a", new byte[] { 1 }, PutCondition.Always);
        Assert.Equal(time.GetUtcNow(), (await store.HeadAsync("a"))!.LastModified);
        Assert.Equal(time.GetUtcNow(), await store.GetServerTimeAsync());
    }

    [Fact]
    public async Task LeftoversOfKilledWritersAreSwept()
    {
        await Open().PutAsync("d/kept", new byte[] { 1 }, PutCondition.Always, new Dictionary<string, string> { ["a"] = "b" });
        var objects = Path.Combine(_folder.Path, "d/.blobs");
        foreach (var leftover in new[] { "00-x", "m-00-x", "m-11-y" })
        {
            File.WriteAllText(Path.Combine(objects, leftover), "");
        }

        File.CreateSymbolicLink(Path.Combine(objects, "l-22-z"), ".blobs/22-z");

        // A fresh process sweeps a folder before it first writes there.
        var store = Open();
        await store.PutAsync("d/new", new byte[] { 1 }, PutCondition.Always);
        Assert.Equal(3, Directory.GetFileSystemEntries(objects).Length);
        Assert.Equal([1], (await store.GetAsync("d/kept"))!.Bytes);
        Assert.Equal(0, store.Sweep());
    }

    [Fact]
    public async Task AWriterAtWorkIsNotSwept()
    {
        var store = Open();
        using var slow = new BlockingStream();
        var write = Task.Run(() => store.PutAsync("d/slow", slow, PutCondition.Absent));
        await slow.Reached.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, Open().Sweep());
        slow.Continue();
        Assert.True((await write).Succeeded);
        Assert.Equal([7], (await store.GetAsync("d/slow"))!.Bytes);
    }

    [Fact]
    public async Task AFailedUploadLeavesNothing()
    {
        var store = Open();
        await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("d/a", new BrokenStream(), PutCondition.Always));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_folder.Path, "d/.blobs")));
        Assert.Null(await store.GetAsync("d/a"));
    }

    [Fact]
    public async Task ABlobIsNoFolder()
    {
        var store = Open();
        await store.PutAsync("a", new byte[] { 1 }, PutCondition.Always);
        var exception = await Assert.ThrowsAsync<ParisInputException>(() => store.PutAsync("a/b", new byte[] { 1 }, PutCondition.Always));
        Assert.Contains("'a'", exception.Message, StringComparison.Ordinal);
        Assert.Null(await store.GetAsync("a/b"));
    }

    [Theory]
    [InlineData(".paris/locks/00")]
    [InlineData("a/.blobs/b")]
    public async Task TheStoresOwnFilesAreNoBlobs(string name)
    {
        await Assert.ThrowsAsync<ParisInputException>(() => Open().GetAsync(name));
        await Assert.ThrowsAsync<ParisInputException>(() => Open().PutAsync(name, new byte[] { 1 }, PutCondition.Always));
    }

    [Fact]
    public async Task ASegmentTooLongForAFileSystemIsRefused()
    {
        await Open().PutAsync(new string('x', 220), new byte[] { 1 }, PutCondition.Always, new Dictionary<string, string> { ["a"] = "b" });
        await Assert.ThrowsAsync<ParisInputException>(() => Open().PutAsync(new string('x', 240), new byte[] { 1 }, PutCondition.Always));
    }

    [Fact]
    public void AnUnwritableStoreIsBadInput()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "file"), "");
        var exception = Assert.Throws<ParisInputException>(() => new LocalBlobStore(Path.Combine(_folder.Path, "file"), TimeProvider.System));
        Assert.Contains("cannot be written", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ParisInputException>(() => new LocalBlobStore(Path.Combine(_folder.Path, "file/below"), TimeProvider.System));
        Assert.Throws<ParisInputException>(() => BlobStoreFactory.Open("/proc/no-such-store"));
    }

    [Fact]
    public async Task AFullDiskIsSaidInPlainWords()
    {
        // /dev/full answers every write like a full disk.
        var store = Open();
        await store.PutAsync("d/a", new byte[] { 1 }, PutCondition.Always);
        var exception = await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("d/b", new FullDiskStream(), PutCondition.Always));
        Assert.Contains("the disk is full", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStoppedHolderOfALockIsNotWaitedForForever()
    {
        var store = new LocalBlobStore(_folder.Path, TimeProvider.System, new LocalBlobStoreOptions { Durable = false, LockTimeout = TimeSpan.FromMilliseconds(200) });
        await store.PutAsync("a", new byte[] { 1 }, PutCondition.Always);
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_folder.Path, ".paris/locks")));
        using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var exception = await Assert.ThrowsAsync<StorageFaultException>(() => store.PutAsync("a", new byte[] { 2 }, PutCondition.Always));
            Assert.Contains("lock", exception.Message, StringComparison.Ordinal);
            Assert.Equal([1], (await store.GetAsync("a"))!.Bytes);
        }

        Assert.True((await store.PutAsync("a", new byte[] { 2 }, PutCondition.Always)).Succeeded);
    }

    /// <summary>Takes some seconds: five processes.</summary>
    [Fact]
    public Task OneProcessCreates() => StoreRaces.OneProcessCreatesAsync(Open(), _folder.Path, processes: 5, rounds: 60);

    /// <summary>Takes some seconds: five processes.</summary>
    [Fact]
    public Task NoConditionalWriteIsLost() => StoreRaces.NoConditionalWriteIsLostAsync(Open(), _folder.Path, processes: 5, successes: 100);

    /// <summary>Takes some seconds: processes are started and killed at twelve moments of their work.</summary>
    [Fact]
    public async Task AKilledWriterLeavesAWholeBlob()
    {
        var store = Open();
        for (var kill = 0; kill < 12; kill++)
        {
            using var process = Racer.Start("hammer", _folder.Path, "d/blob");
            for (var writes = 0; writes < 3 + kill; writes++)
            {
                Assert.Equal('.', process.StandardOutput.Read());
            }

            // Somewhere within the next few writes.
            var started = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMicroseconds(170 * kill))
            {
                await AssertWholeAsync();
            }

            process.Kill();
            await process.WaitForExitAsync();
            await AssertWholeAsync();

            // Nobody else is locked out, and what the victim left is swept by the next writer that is new to the folder.
            Assert.True((await Open().PutAsync("d/other", new byte[] { 1 }, PutCondition.Always)).Succeeded);
            Assert.InRange(Directory.GetFileSystemEntries(Path.Combine(_folder.Path, "d/.blobs")).Length, 3, 3);
        }

        async Task AssertWholeAsync()
        {
            var content = (await store.GetAsync("d/blob"))!;
            Assert.Equal(content.Info.Metadata["sha256"], Convert.ToHexStringLower(SHA256.HashData(content.Bytes)));
        }
    }

    private LocalBlobStore Open() => new(_folder.Path, TimeProvider.System, Fast);

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    private sealed class BlockingStream : MemoryStream
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _go = new();
        private bool _done;

        public Task Reached => _reached.Task;

        public void Continue() => _go.Set();

        public override int Read(byte[] buffer, int offset, int count)
        {
            _reached.TrySetResult();
            _go.Wait();
            if (_done)
            {
                return 0;
            }

            _done = true;
            buffer[offset] = 7;
            return 1;
        }
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count) => throw new IOException("The source broke off.");
    }

    private sealed class FullDiskStream : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            full.Write([1]);
            return 0;
        }
    }
}
