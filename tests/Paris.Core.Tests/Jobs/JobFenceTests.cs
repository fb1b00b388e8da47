using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Core.Tests.Jobs;

public sealed class JobFenceTests
{
    private static readonly JobId Job = JobId.ForExpert("demo", 3);

    private readonly MemoryBlobStore _store = new();

    [Fact]
    public async Task ATakeOverRaisesTheEpochByOne()
    {
        Assert.Null(await JobFence.ReadHeadAsync(_store, Job));
        var first = await TakeAsync("c1", "start");
        Assert.Equal((1, "c1", "silo-c1", "start", 0L), (first.Epoch, first.Head.Claim, first.Head.Silo, first.Head.Reason, first.Head.Step));
        await CommitAsync(first, 100);
        var second = await TakeAsync("c2", "resume");
        Assert.Equal((2, "c2", "resume", 100L), (second.Epoch, second.Head.Claim, second.Head.Reason, second.Head.Step));
        Assert.Equal(first.Head.Checkpoints, second.Head.Checkpoints);
        var read = (await JobFence.ReadHeadAsync(_store, Job))!;
        Assert.Equal(JsonSerializer.Serialize(second.Head), JsonSerializer.Serialize(read));
        Assert.False(await first.IsOwnerAsync());
        Assert.True(await second.IsOwnerAsync());
    }

    [Fact]
    public async Task ACheckpointIsNamedByStepAndEpoch()
    {
        var fence = await TakeAsync("c1");
        var entry = await fence.CommitCheckpointAsync(1000, new MemoryStream("weights"u8.ToArray()), keepLast: 2);
        Assert.Equal("runs/demo/experts/3/step-00001000-e1.safetensors", entry.Name);
        Assert.Equal(7, entry.Bytes);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("weights"u8)), entry.Sha256);
        Assert.Equal("weights"u8.ToArray(), _store.Blobs[entry.Name].Bytes);
        Assert.Equal(1000, fence.Head.Step);
        Assert.Equal([entry], fence.Head.Checkpoints);
    }

    [Fact]
    public async Task TheHeadIsReadableJson()
    {
        var fence = await TakeAsync("c1");
        await CommitAsync(fence, 10);
        var text = Encoding.UTF8.GetString(_store.Blobs[Job.HeadName].Bytes);
        Assert.Contains("\n  \"epoch\": 1,", text, StringComparison.Ordinal);
        Assert.Contains("\"sha256\": \"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"result\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OldCheckpointsArePrunedAfterTheCommit()
    {
        var fence = await TakeAsync("c1");
        for (var step = 10; step <= 50; step += 10)
        {
            await CommitAsync(fence, step, keepLast: 2);
        }

        Assert.Equal([50L, 40L], fence.Head.Checkpoints.Select(entry => entry.Step));
        Assert.Equal(fence.Head.Checkpoints.Select(entry => entry.Name).Order(), Steps());
    }

    [Fact]
    public async Task MilestonesStay()
    {
        var fence = await TakeAsync("c1");
        for (var step = 10; step <= 70; step += 10)
        {
            await fence.CommitCheckpointAsync(step, Content(step), keepLast: 1, keepEvery: 30);
        }

        Assert.Equal([70L, 60L, 30L], fence.Head.Checkpoints.Select(entry => entry.Step));
        Assert.Equal(3, Steps().Count());
    }

    [Fact]
    public async Task AZombieCommitsNothing()
    {
        var zombie = await TakeAsync("c1");
        await CommitAsync(zombie, 10);
        var owner = await TakeAsync("c2");
        await Assert.ThrowsAsync<FencedException>(() => CommitAsync(zombie, 20));
        await Assert.ThrowsAsync<FencedException>(() => CommitAsync(zombie, 30));
        await Assert.ThrowsAsync<FencedException>(() => zombie.CommitResultAsync(new JobResult { Job = Job }));
        await Assert.ThrowsAsync<FencedException>(() => zombie.RollBackAsync(0, "rollback"));
        await CommitAsync(owner, 20);
        Assert.Equal(2, (await JobFence.ReadHeadAsync(_store, Job))!.Epoch);

        // What the zombie uploaded in vain went with the owner's first commit.
        Assert.Equal(owner.Head.Checkpoints.Select(entry => entry.Name).Order(), Steps());
    }

    [Fact]
    public async Task OneOfTwoTakersIsFenced()
    {
        var fences = await Task.WhenAll(TakeAsync("c1"), TakeAsync("c2"));
        Assert.Equal([1, 2], fences.Select(fence => fence.Epoch).Order());
        await CommitAsync(fences.Single(fence => fence.Epoch == 2), 10);
        await Assert.ThrowsAsync<FencedException>(() => CommitAsync(fences.Single(fence => fence.Epoch == 1), 10));
    }

    [Fact]
    public async Task AStepIsCommittedOnce()
    {
        var fence = await TakeAsync("c1");
        var first = await CommitAsync(fence, 10);
        var again = await fence.CommitCheckpointAsync(10, new MemoryStream([1, 2, 3]), keepLast: 2);
        Assert.Equal(first, again);
        var next = await TakeAsync("c2");
        Assert.Equal(first, await CommitAsync(next, 10));
        Assert.Single(Steps());
    }

    [Fact]
    public async Task ACommitNeverGoesBack()
    {
        var fence = await TakeAsync("c1");
        await CommitAsync(fence, 20);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => CommitAsync(fence, 10));
    }

    [Fact]
    public async Task TheNewestCheckpointIsOpened()
    {
        var fence = await TakeAsync("c1");
        Assert.Null(await fence.OpenNewestCheckpointAsync());
        await CommitAsync(fence, 10);
        await CommitAsync(fence, 20);
        var next = await TakeAsync("c2");
        using var opened = (await next.OpenNewestCheckpointAsync())!;
        Assert.Equal(20, opened.Entry.Step);
        Assert.Equal(Content(20).ToArray(), Bytes(opened));
        Assert.Equal(2, next.Epoch);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ADamagedCheckpointGivesWayToTheOneBefore(bool missing)
    {
        var fence = await TakeAsync("c1");
        await CommitAsync(fence, 10);
        var newest = await CommitAsync(fence, 20);
        if (missing)
        {
            await _store.DeleteAsync(newest.Name);
        }
        else
        {
            _store.Damage(newest.Name);
        }

        var next = await TakeAsync("c2");
        var told = new List<string>();
        using var opened = (await next.OpenNewestCheckpointAsync(told.Add))!;
        Assert.Equal(10, opened.Entry.Step);
        Assert.Equal(Content(10).ToArray(), Bytes(opened));
        Assert.Contains(newest.Name, Assert.Single(told), StringComparison.Ordinal);

        // The step fell, so the epoch rose: a fallback is a take-over, and says why.
        Assert.Equal((3, 10L), (next.Epoch, next.Head.Step));
        Assert.StartsWith("fallback: ", next.Head.Reason, StringComparison.Ordinal);
        Assert.Contains(newest.Name, next.Head.Reason, StringComparison.Ordinal);

        // The same step again has a new name.
        var redone = await CommitAsync(next, 20);
        Assert.NotEqual(newest.Name, redone.Name);
        Assert.Equal([20L, 10L], next.Head.Checkpoints.Select(checkpoint => checkpoint.Step));
    }

    [Fact]
    public async Task WithAllCheckpointsDamagedTheJobStartsAfresh()
    {
        var fence = await TakeAsync("c1");
        _store.Damage((await CommitAsync(fence, 10)).Name);
        _store.Damage((await CommitAsync(fence, 20)).Name);
        var next = await TakeAsync("c2");
        var told = new List<string>();
        Assert.Null(await next.OpenNewestCheckpointAsync(told.Add));
        Assert.Equal(2, told.Count);
        Assert.Equal((3, 0L, 0), (next.Epoch, next.Head.Step, next.Head.Checkpoints.Count));
        await CommitAsync(next, 10);
    }

    [Fact]
    public async Task AStoreThatDoesNotAnswerIsNoReasonToFallBack()
    {
        var fence = await TakeAsync("c1");
        await CommitAsync(fence, 10);
        var faulty = new FaultyBlobStore(_store, 1, new BlobFaultOptions(), TimeProvider.System);
        var next = await JobFence.TakeOverAsync(faulty, Job, "silo", "c2", "resume");
        faulty.BeginOutage(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<StorageFaultException>(() => next.OpenNewestCheckpointAsync(_ => Assert.Fail("A fallback was told.")));
        Assert.Equal(2, (await JobFence.ReadHeadAsync(_store, Job))!.Epoch);
    }

    /// <summary>
    /// A checkpoint of any size: it is read in pieces into a file, goes on where a transfer broke, and the file is gone when it is closed. The
    /// limit stands for the 2 GiB that one array holds.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALargeCheckpointIsReadInPieces(bool damaged)
    {
        var large = new byte[(3 << 20) + 17];
        System.Random.Shared.NextBytes(large);
        var fence = await TakeAsync("c1");
        await CommitAsync(fence, 10);
        var newest = await fence.CommitCheckpointAsync(20, new MemoryStream(large), keepLast: 2);
        if (damaged)
        {
            _store.Damage(newest.Name);
        }

        var breaking = new BreakingStore(_store, breakAfter: (1 << 20) + 5);
        var next = await JobFence.TakeOverAsync(breaking, Job, "silo", "c2", "resume");
        next.InMemoryBytes = 1000;
        var opened = (await next.OpenNewestCheckpointAsync())!;
        Assert.True(breaking.Breaks >= 2);
        if (damaged)
        {
            Assert.Equal(10, opened.Entry.Step);
            Assert.IsType<MemoryStream>(opened.Content);
            return;
        }

        var file = Assert.IsType<FileStream>(opened.Content);
        Assert.Equal(large, Bytes(opened));
        Assert.True(File.Exists(file.Name));
        opened.Dispose();
        Assert.False(File.Exists(file.Name));
    }

    [Fact]
    public async Task ARollbackIsATakeOver()
    {
        var fence = await TakeAsync("c1");
        foreach (var step in new[] { 10, 20, 30 })
        {
            await CommitAsync(fence, step, keepLast: 3);
        }

        await fence.CommitResultAsync(new JobResult { Job = Job });
        var back = await JobFence.RollBackAsync(_store, Job, "silo", "c2", step: 25, "rollback: by hand");
        Assert.Equal((2, 20L, "rollback: by hand"), (back.Epoch, back.Head.Step, back.Head.Reason));
        Assert.Equal([20L, 10L], back.Head.Checkpoints.Select(entry => entry.Step));
        Assert.Null(await JobFence.ReadResultAsync(_store, Job));
        Assert.Equal(2, Steps().Count());
        await Assert.ThrowsAsync<FencedException>(() => CommitAsync(fence, 40));

        // By the owner itself: the same claim, the next epoch.
        await CommitAsync(back, 30, keepLast: 3);
        await back.RollBackAsync(10, "rollback: loss spike");
        Assert.Equal((3, 10L), (back.Epoch, back.Head.Step));
        Assert.Equal("runs/demo/experts/3/step-00000030-e3.safetensors", (await CommitAsync(back, 30)).Name);
    }

    [Fact]
    public async Task OutputsAndResultAreNamedByEpoch()
    {
        var fence = await TakeAsync("c1");
        var grid = await fence.PutOutputAsync("grid.png", "picture"u8.ToArray());
        var shard = await fence.PutOutputAsync("3/shard-00000.safetensors", "shard"u8.ToArray());
        var bare = await fence.PutOutputAsync("v1.2/notes", "text"u8.ToArray());
        Assert.Equal("runs/demo/experts/3/grid-e1.png", grid.Name);
        Assert.Equal("runs/demo/experts/3/3/shard-00000-e1.safetensors", shard.Name);
        Assert.Equal("runs/demo/experts/3/v1.2/notes-e1", bare.Name);
        Assert.Equal(grid, await fence.PutOutputAsync("grid.png", "picture"u8.ToArray()));
        Assert.Null(await JobFence.ReadResultAsync(_store, Job));
        var result = new JobResult
        {
            Job = Job,
            Outputs = new Dictionary<string, BlobEntry> { ["grid"] = grid },
            Metrics = new Dictionary<string, double> { ["loss"] = 0.25 },
            Facts = new Dictionary<string, string> { ["device"] = "cpu" },
            Seconds = 12.5,
        };
        await fence.CommitResultAsync(result);
        await fence.CommitResultAsync(result);
        Assert.Equal("runs/demo/experts/3/result-e1.json", fence.Head.Result!.Name);
        var read = (await JobFence.ReadResultAsync(_store, Job))!;
        Assert.Equal(JsonSerializer.Serialize(result), JsonSerializer.Serialize(read));

        // A later owner finds the job done.
        Assert.NotNull((await TakeAsync("c2")).Head.Result);
    }

    [Fact]
    public async Task AnOutputThatDiffersTakesAnotherName()
    {
        var fence = await TakeAsync("c1");
        var first = await fence.PutOutputAsync("grid.png", "one"u8.ToArray());
        var second = await fence.PutOutputAsync("grid.png", "two"u8.ToArray());
        var third = await fence.PutOutputAsync("grid.png", "three"u8.ToArray());
        Assert.Equal(["runs/demo/experts/3/grid-e1.png", "runs/demo/experts/3/grid-e1-2.png", "runs/demo/experts/3/grid-e1-3.png"], new[] { first.Name, second.Name, third.Name });
        Assert.Equal("one"u8.ToArray(), _store.Blobs[first.Name].Bytes);
        await TakeAsync("c2");
        await Assert.ThrowsAsync<FencedException>(() => fence.PutOutputAsync("grid.png", "four"u8.ToArray()));
    }

    [Fact]
    public async Task ATraceIsReplacedInItsEpoch()
    {
        var fence = await TakeAsync("c1");
        Assert.Equal("runs/demo/experts/3/loss-e1.jsonl", await fence.PutTraceAsync("loss.jsonl", "1"u8.ToArray()));
        await fence.PutTraceAsync("loss.jsonl", "1\n2"u8.ToArray());
        Assert.Equal("1\n2"u8.ToArray(), _store.Blobs["runs/demo/experts/3/loss-e1.jsonl"].Bytes);
    }

    [Fact]
    public async Task ADamagedResultIsSaid()
    {
        var fence = await TakeAsync("c1");
        await fence.CommitResultAsync(new JobResult { Job = Job });
        _store.Damage(fence.Head.Result!.Name);
        var exception = await Assert.ThrowsAsync<ParisInputException>(() => JobFence.ReadResultAsync(_store, Job));
        Assert.Contains("damaged", exception.Message, StringComparison.Ordinal);
        await _store.DeleteAsync(fence.Head.Result!.Name);
        exception = await Assert.ThrowsAsync<ParisInputException>(() => JobFence.ReadResultAsync(_store, Job));
        Assert.Contains("missing", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHeadThatIsNoneIsSaid()
    {
        await _store.PutAsync(Job.HeadName, "{ \"epoch\": "u8.ToArray(), PutCondition.Always);
        var exception = await Assert.ThrowsAsync<ParisInputException>(() => TakeAsync("c1"));
        Assert.Contains(Job.HeadName, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALostReplyToATakeOverCountsByTheClaim()
    {
        // Every write happens and every reply to a write is lost.
        var store = new LostReplies(_store);
        var fence = await JobFence.TakeOverAsync(store, Job, "silo", "c1", "start");
        Assert.Equal((1, "c1"), (fence.Epoch, fence.Head.Claim));
        await CommitAsync(fence, 10);
        await CommitAsync(fence, 20);
        await fence.CommitResultAsync(new JobResult { Job = Job });
        var head = (await JobFence.ReadHeadAsync(_store, Job))!;
        Assert.Equal((1, "c1", 20L), (head.Epoch, head.Claim, head.Step));
        Assert.NotNull(await JobFence.ReadResultAsync(_store, Job));
        Assert.Equal(2, Steps().Count());
    }

    [Fact]
    public async Task TrainingGoesOnThroughAnOutage()
    {
        var time = new ManualTime();
        var store = new FaultyBlobStore(_store, 1, new BlobFaultOptions(), time);
        var fence = await JobFence.TakeOverAsync(store, Job, "silo", "c1", "start");
        await CommitAsync(fence, 10);
        store.BeginOutage(TimeSpan.FromSeconds(45));
        await Assert.ThrowsAsync<StorageFaultException>(() => CommitAsync(fence, 20));
        await Assert.ThrowsAsync<StorageFaultException>(() => CommitAsync(fence, 30));
        time.Advance(TimeSpan.FromSeconds(46));
        await CommitAsync(fence, 40);
        Assert.Equal([40L, 10L], fence.Head.Checkpoints.Select(entry => entry.Step));
        Assert.Equal(1, fence.Epoch);
    }

    [Fact]
    public void APlainThreadMayWait()
    {
        using var folder = new TempFolder();
        var store = new LocalBlobStore(folder.Path, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                var fence = JobFence.TakeOverAsync(store, Job, "silo", "c1", "start").GetAwaiter().GetResult();
                for (var step = 1; step <= 5; step++)
                {
                    CommitAsync(fence, step).GetAwaiter().GetResult();
                }

                Assert.Equal(5, fence.OpenNewestCheckpointAsync().GetAwaiter().GetResult()!.Entry.Step);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(30)));
        Assert.Null(failure);
    }

    private static MemoryStream Content(long step) => new(Encoding.UTF8.GetBytes($"weights of step {step}"));

    private static Task<CheckpointEntry> CommitAsync(JobFence fence, long step, int keepLast = 2) => fence.CommitCheckpointAsync(step, Content(step), keepLast);

    private Task<JobFence> TakeAsync(string claim, string reason = "start") => JobFence.TakeOverAsync(_store, Job, "silo-" + claim, claim, reason);

    private IEnumerable<string> Steps() => _store.Blobs.Keys.Where(name => name.Contains("/step-", StringComparison.Ordinal));

    private sealed class LostReplies(IBlobStore inner) : IBlobStore
    {
        public string Description => inner.Description;

        public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => inner.GetAsync(name, cancellationToken);

        public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => inner.HeadAsync(name, cancellationToken);

        public Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default) => inner.OpenReadAsync(name, offset, length, cancellationToken);

        public async Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
            => (await inner.PutAsync(name, content, condition, metadata, cancellationToken)).Succeeded ? throw new StorageFaultException("The reply was lost.") : new PutResult(false, null);

        public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => inner.DeleteAsync(name, ifMatch, cancellationToken);

        public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

        public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => inner.GetServerTimeAsync(cancellationToken);
    }

    private static byte[] Bytes(OpenedCheckpoint opened)
    {
        using var copy = new MemoryStream();
        opened.Content.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>Every transfer breaks after some bytes.</summary>
    private sealed class BreakingStore(IBlobStore inner, int breakAfter) : IBlobStore
    {
        public int Breaks { get; private set; }

        public string Description => inner.Description;

        public Task<BlobContent?> GetAsync(string name, CancellationToken cancellationToken = default) => inner.GetAsync(name, cancellationToken);

        public Task<BlobInfo?> HeadAsync(string name, CancellationToken cancellationToken = default) => inner.HeadAsync(name, cancellationToken);

        public async Task<Stream> OpenReadAsync(string name, long offset = 0, long? length = null, CancellationToken cancellationToken = default)
            => new BreakingStream(await inner.OpenReadAsync(name, offset, length, cancellationToken), breakAfter, () => Breaks++);

        public Task<PutResult> PutAsync(string name, Stream content, PutCondition condition, IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellationToken = default)
            => inner.PutAsync(name, content, condition, metadata, cancellationToken);

        public Task<bool> DeleteAsync(string name, string? ifMatch = null, CancellationToken cancellationToken = default) => inner.DeleteAsync(name, ifMatch, cancellationToken);

        public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken = default) => inner.ListAsync(prefix, cancellationToken);

        public Task<DateTimeOffset> GetServerTimeAsync(CancellationToken cancellationToken = default) => inner.GetServerTimeAsync(cancellationToken);
    }

    private sealed class BreakingStream(Stream inner, int left, Action breaks) : MemoryStream
    {
        private int _left = left;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
            {
                breaks();
                throw new IOException("the connection broke (test)");
            }

            var count = await inner.ReadAsync(buffer[..Math.Min(_left, buffer.Length)], cancellationToken);
            _left -= count;
            return count;
        }
    }
}
