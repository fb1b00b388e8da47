using Paris.Core.Jobs;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

public sealed class ScopedBlobStoreTests
{
    private static readonly string[] Names =
    [
        "runs/demo/spec.json", "runs/demo/spec-2.json", "runs/demo/data/head.json", "runs/demo/data/shard-00000-e1.safetensors", "runs/demo/features/head.json",
        "runs/demo/clusters/head.json", "runs/demo/latents/head.json", "runs/demo/autoencoder/head.json", "runs/demo/classifier/head.json",
        "runs/demo/partition/head.json", "runs/demo/partition/result-e1.json", "runs/demo/partition/1/shard-00000-e1.safetensors", "runs/demo/partition/10/shard-00000-e1.safetensors",
        "runs/demo/partition/2/shard-00000-e1.safetensors", "runs/demo/partition/manifest-1-e1.json", "runs/demo/partition/manifest-2-e1.json",
        "runs/demo/experts/1/head.json", "runs/demo/experts/10/head.json", "runs/demo/experts/2/head.json", "runs/demo/experts/2/step-00000100-e1.safetensors",
        "runs/demo/router/head.json", "runs/demo/twin/head.json", "runs/demo/evaluation/full/head.json", "runs/demo/evaluation/top-1/head.json", "runs/demo/samples/a/request.json",
        "runs/demo/ensemble-2.json", "runs/demo/data-r2/head.json", "runs/demo/latents-r2/head.json", "runs/demo/features-r2/head.json", "runs/demo/router-r2/head.json",
        "runs/demo/partition-r2/head.json", "runs/demo/partition-r2/result-e1.json", "runs/demo/partition-r2/1/manifest-e1.json", "runs/demo/partition-r2/2/manifest-e1.json",
        "runs/demo/partition-r3/1/manifest-e1.json", "runs/demo/experts/1-r2/head.json", "runs/demo/experts/2-r2/head.json", "runs/demo/evaluation/full-r2/head.json",
        "runs/other/spec.json", "runs/demo2/spec.json", "cluster/dev/membership.json",
    ];

    [Theory]
    [InlineData("demo/ingest", "data/")]
    [InlineData("demo/autoencoder", "autoencoder/ data/")]
    [InlineData("demo/classifier", "classifier/ data/")]
    [InlineData("demo/extract", "features/ data/")]
    [InlineData("demo/assign", "clusters/ features/ data/")]
    [InlineData("demo/encode", "latents/ data/ autoencoder/")]
    [InlineData("demo/partition", "partition/ data/ latents/ clusters/")]
    [InlineData("demo/expert/1", "experts/1/ partition/head.json partition/result-e1.json partition/manifest-1-e1.json partition/1/ autoencoder/")]
    [InlineData("demo/router", "router/ partition/ autoencoder/")]
    [InlineData("demo/twin", "twin/ partition/ autoencoder/")]
    [InlineData("demo/evaluate/full", "evaluation/full/ data/ latents/ autoencoder/ classifier/ clusters/ partition/ partition- experts/ router/ router- twin/")]
    [InlineData("demo/sample/a", "samples/a/ data/ latents/ autoencoder/ classifier/ clusters/ partition/ partition- experts/ router/ router- twin/")]
    [InlineData("demo/ingest/r2", "data-r2/")]
    [InlineData("demo/extract/r2", "features-r2/ data-")]
    [InlineData("demo/encode/r2", "latents-r2/ data- autoencoder/ latents/")]
    [InlineData("demo/partition/r2", "partition-r2/ partition/ partition-r3/ data- latents- features/ features-")]
    [InlineData("demo/expert/1-r2", "experts/1-r2/ partition/head.json partition/result-e1.json partition/manifest-1-e1.json partition/1/ partition-r2/head.json partition-r2/result-e1.json partition-r2/1/ autoencoder/")]
    [InlineData("demo/router/r2", "router-r2/ router/ partition/ partition-")]
    public async Task EachKindReadsItsInputsAndWritesItsFolder(string key, string folders)
    {
        var inner = await FillAsync();
        var job = JobId.Parse(key);
        var store = ScopedBlobStore.ForJob(inner, job);
        var allowed = folders.Split(' ').Select(folder => "runs/demo/" + folder).Append("runs/demo/spec").Append("runs/demo/ensemble-").ToList();
        var refused = 0;
        foreach (var name in Names)
        {
            if (allowed.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal)))
            {
                Assert.Equal(name.Length, (await store.GetAsync(name))!.Bytes.Length);
                Assert.NotNull(await store.HeadAsync(name));
                await using var stream = await store.OpenReadAsync(name, 1);
            }
            else
            {
                await Assert.ThrowsAsync<BlobScopeException>(() => store.GetAsync(name));
                await Assert.ThrowsAsync<BlobScopeException>(() => store.HeadAsync(name));
                await Assert.ThrowsAsync<BlobScopeException>(() => store.OpenReadAsync(name));
                refused += 3;
            }

            if (name.StartsWith(job.Folder, StringComparison.Ordinal))
            {
                Assert.True((await store.PutAsync(name, new byte[] { 1 }, PutCondition.Always)).Succeeded);
                Assert.True(await store.DeleteAsync(name));
            }
            else
            {
                await Assert.ThrowsAsync<BlobScopeException>(() => store.PutAsync(name, new byte[] { 1 }, PutCondition.Always));
                await Assert.ThrowsAsync<BlobScopeException>(() => store.DeleteAsync(name));
                refused += 2;
            }
        }

        Assert.Equal(refused, store.RefusedAttempts);
        Assert.Equal(0, Enum.GetValues<BlobClass>().Where(kind => kind is BlobClass.Foreign or BlobClass.OtherExpert).Sum(store.Bytes));
        Assert.Equal(job.Kind == JobKind.TrainExpert, store.BytesBetweenExperts > 0);
    }

    [Fact]
    public async Task ReadsOfOtherExpertsAreRefusedAndCounted()
    {
        var store = ScopedBlobStore.ForJob(await FillAsync(), JobId.ForExpert("demo", 1));
        await Assert.ThrowsAsync<BlobScopeException>(() => store.GetAsync("runs/demo/experts/2/head.json"));
        await Assert.ThrowsAsync<BlobScopeException>(() => store.GetAsync("runs/demo/partition/10/shard-00000-e1.safetensors"));
        await Assert.ThrowsAsync<BlobScopeException>(() => store.GetAsync("runs/demo/router/head.json"));
        Assert.Equal(2, store.Refused(BlobClass.OtherExpert));
        Assert.Equal(1, store.Refused(BlobClass.Foreign));
        Assert.Equal(0, store.Bytes(BlobClass.OtherExpert));

        // What was refused is counted by its size; at least one byte an attempt.
        var tried = (long)"runs/demo/experts/2/head.json".Length + "runs/demo/partition/10/shard-00000-e1.safetensors".Length;
        Assert.Equal(tried, store.BytesBetweenExperts);
        await Assert.ThrowsAsync<BlobScopeException>(() => store.OpenReadAsync("runs/demo/experts/2/head.json", 0, 5));
        await Assert.ThrowsAsync<BlobScopeException>(() => store.GetAsync("runs/demo/experts/2/no-such-blob"));
        Assert.Equal(tried + 5 + 1, store.BytesBetweenExperts);
    }

    [Fact]
    public async Task AnExpertOfALaterRevisionReadsNoOtherNotEvenItsPredecessor()
    {
        var store = ScopedBlobStore.ForJob(await FillAsync(), JobId.ForExpert("demo", 1, 2));
        string[] others = ["experts/1/head.json", "experts/2-r2/head.json", "partition/2/shard-00000-e1.safetensors", "partition-r2/2/manifest-e1.json"];
        foreach (var name in others)
        {
            await Assert.ThrowsAsync<BlobScopeException>(() => store.GetAsync("runs/demo/" + name));
        }

        Assert.Equal(others.Length, store.Refused(BlobClass.OtherExpert));
        var counting = ScopedBlobStore.ForJob(await FillAsync(), JobId.ForExpert("demo", 1, 2), enforce: false);
        await counting.GetAsync("runs/demo/experts/1/head.json");
        await counting.GetAsync("runs/demo/partition-r2/1/manifest-e1.json");
        Assert.Equal("runs/demo/experts/1/head.json".Length, counting.BytesBetweenExperts);
    }

    /// <summary>The zero of <c>paris.bytes.between_experts</c> means something only if the counter can count.</summary>
    [Fact]
    public async Task WithoutEnforcementTheCounterCounts()
    {
        var store = ScopedBlobStore.ForJob(await FillAsync(), JobId.ForExpert("demo", 1), enforce: false);
        string[] others = ["runs/demo/experts/2/head.json", "runs/demo/partition/2/shard-00000-e1.safetensors", "runs/demo/partition/manifest-2-e1.json"];
        foreach (var name in others)
        {
            await store.GetAsync(name);
        }

        Assert.Equal(others.Sum(name => name.Length), store.BytesBetweenExperts);

        // A stream counts what is read of it.
        var before = store.BytesBetweenExperts;
        await using (var stream = await store.OpenReadAsync("runs/demo/experts/10/head.json"))
        {
            await stream.ReadExactlyAsync(new byte[7]);
            stream.ReadByte();
        }

        Assert.Equal(before + 8, store.BytesBetweenExperts);
        await store.GetAsync("runs/demo/experts/1/head.json");
        await store.GetAsync("runs/demo/spec.json");
        await store.GetAsync("runs/demo/router/head.json");
        Assert.Equal(before + 8, store.BytesBetweenExperts);
        Assert.Equal("runs/demo/experts/1/head.json".Length, store.Bytes(BlobClass.Own));
        Assert.Equal("runs/demo/spec.json".Length, store.Bytes(BlobClass.Shared));
        Assert.Equal("runs/demo/router/head.json".Length, store.Bytes(BlobClass.Foreign));
        Assert.Equal(0, store.RefusedAttempts);
    }

    [Fact]
    public async Task ListsStayInTheScope()
    {
        var store = ScopedBlobStore.ForJob(await FillAsync(), JobId.ForExpert("demo", 1));
        Assert.Equal(["runs/demo/partition/1/shard-00000-e1.safetensors"], (await BlobStoreContract.ListAsync(store, "runs/demo/partition/1/")).Select(info => info.Name));
        await Assert.ThrowsAsync<BlobScopeException>(() => BlobStoreContract.ListAsync(store, "runs/demo/partition/1"));
        await Assert.ThrowsAsync<BlobScopeException>(() => BlobStoreContract.ListAsync(store, "runs/demo/"));
        await Assert.ThrowsAsync<BlobScopeException>(() => BlobStoreContract.ListAsync(store, ""));
    }

    [Fact]
    public void ARunNameIsChecked()
        => Assert.Throws<ParisInputException>(() => ScopedBlobStore.ForJob(new MemoryBlobStore(), new JobId("../x", JobKind.Ingest)));

    /// <summary>A job's whole life goes through its scope.</summary>
    [Fact]
    public async Task AFenceWorksInItsScope()
    {
        var store = ScopedBlobStore.ForJob(new MemoryBlobStore(), JobId.ForExpert("demo", 3));
        var fence = await JobFence.TakeOverAsync(store, JobId.ForExpert("demo", 3), "silo", "c1", "start");
        for (var step = 1; step <= 4; step++)
        {
            await fence.CommitCheckpointAsync(step, new MemoryStream([1, 2, (byte)step]), keepLast: 2);
        }

        await fence.CommitResultAsync(new JobResult { Job = fence.Job });
        Assert.NotNull(await JobFence.ReadResultAsync(store, fence.Job));
        Assert.Equal(0, store.RefusedAttempts);
        await Assert.ThrowsAsync<BlobScopeException>(() => JobFence.TakeOverAsync(store, JobId.ForExpert("demo", 4), "silo", "c2", "start"));
    }

    private static async Task<MemoryBlobStore> FillAsync()
    {
        var store = new MemoryBlobStore();
        foreach (var name in Names)
        {
            await store.PutAsync(name, BlobStoreContract.Bytes(name), PutCondition.Absent);
        }

        return store;
    }
}
