using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Paris.FaultProxy;
using Paris.Grains.Abstractions;
using Paris.Worker.Tests;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Silo.Tests;

/// <summary>
/// Failures through all of it: a silo, its grains, the real worker, the store, <c>/metrics</c>. Slow (up to minutes): every job is a process of
/// its own that loads libtorch.
/// </summary>
[Collection(AzuriteGroup.Name)]
public sealed class RealFailureTests(TinyRun run, AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<TinyRun>
{
    private const string Between = "paris_bytes_between_experts_bytes_total";

    /// <summary>A whole run, from images to router, on a store of which 5 % of the answers are errors, 5 % are lost and 2 % come 2 s late.</summary>
    [AzuriteFact]
    public async Task A_run_on_a_faulty_store_ends_with_the_weights_of_an_undisturbed_one()
    {
        var undisturbed = run.Copy("undisturbed");
        JobId[] trainings = [run.Expert, JobId.ForExpert(run.Spec.Name, 1), new JobId(run.Spec.Name, JobKind.TrainRouter)];
        foreach (var job in trainings)
        {
            WorkerProcess.Complete(undisturbed, job, TinyRun.NewClaim());
        }

        await using var proxy = await HttpFaultProxy.StartAsync(
            azurite.Endpoint!,
            new FaultProxyOptions { Seed = 5, Errors = 0.05, LostReplies = 0.05, Stalls = 0.02, StallTime = TimeSpan.FromSeconds(2) });
        var location = $"azure:{azurite.ConnectionString}container=faulty";
        await using (var cluster = await RealCluster.StartAsync(output, proxy.Through(location), slots: 2))
        {
            await SubmitAsync(cluster);
            var done = await cluster.WaitAsync(run.Spec.Name, "complete", status => status.State is RunState.Completed or RunState.Failed, minutes: 20);
            output.WriteLine($"{proxy.Counters}; epochs {string.Join(", ", done.Jobs.Select(job => $"{job.Key} {job.Epoch} ({job.Retries})"))}");
            Assert.Equal((RunState.Completed, ""), (done.State, done.Message));

            // An undisturbed worker reads nothing of other experts, and so does one on a bad line.
            Assert.Equal(0, await cluster.ScrapeAsync(Between, "expert=\"0\""));
            Assert.Equal(0, await cluster.ScrapeAsync(Between, "expert=\"1\""));
        }

        var counters = proxy.Counters;
        Assert.True(counters.Errors > 5 && counters.LostReplies > 5 && counters.Stalls > 1, counters.ToString());
        foreach (var job in trainings)
        {
            Assert.Equal(Hash(undisturbed, job), Hash(location, job));
        }
    }

    /// <summary>A worker that is lured to another expert's checkpoint: refused; the job fails at once, and the attempt stands on <c>/metrics</c>.</summary>
    [Fact]
    public async Task A_read_of_another_experts_checkpoint_shows_on_the_metrics_page()
    {
        var location = run.Copy("between");
        var theirs = TinyRun.LureToOtherExpert(location, run.Expert);
        await using var cluster = await RealCluster.StartAsync(output, location, slots: 1);
        await SubmitAsync(cluster);
        var status = await cluster.WaitAsync(run.Spec.Name, "refused", x => x.Jobs.Any(job => job.Part == "0" && job.State == JobState.Failed));
        var failed = status.Jobs.Single(job => job.Part == "0" && job.State == JobState.Failed);
        Assert.Equal((true, 0), (failed.BadInput, failed.Retries));
        Assert.Contains(theirs.Name, failed.Message, StringComparison.Ordinal);
        Assert.Equal(theirs.Bytes, await cluster.ScrapeAsync(Between, "expert=\"0\"", "run=\"tiny\""));
    }

    /// <summary>
    /// The kernel kills a worker whose memory is limited, until its batch is cut into so many parts that it fits; the split is in the grain's
    /// record and in the checkpoint.
    /// </summary>
    [MemoryLimitFact]
    public async Task A_worker_that_the_kernel_kills_for_memory_gets_smaller_parts()
    {
        var location = run.Copy("hungry");
        var spec = TinyRun.Hungry(run.Spec);
        TinyRun.Respec(location, spec);
        using var group = new MemoryLimit(TinyRun.HungryResident);
        await using var cluster = await RealCluster.StartAsync(output, location, slots: 1, worker: group.Wrap("dotnet", WorkerProcess.Path));
        await cluster.SubmitAsync(spec);
        var status = await cluster.WaitAsync(spec.Name, "trained", x => x.Jobs.Any(job => job.Part == "0" && job.State is JobState.Completed or JobState.Failed));
        var expert = status.Jobs.First(job => job.Kind == JobKind.TrainExpert && job.Part == "0");
        output.WriteLine($"{expert.Retries} retries: {expert.Message}");
        Assert.Equal(JobState.Completed, expert.State);
        Assert.True(group.Kills > 0, "the kernel killed nobody");

        var store = BlobStoreFactory.Open(location);
        var record = JsonSerializer.Deserialize<JobRecord>((await store.GetAsync(JobRecord.BlobName(run.Expert)))!.Bytes, JobRecord.Json)!;
        Assert.Equal(expert.Retries, (int)Math.Log2(record.Split));
        var head = (await JobFence.ReadHeadAsync(store, run.Expert))!;
        using var checkpoint = Core.Formats.SafetensorsFile.FromBytes((await store.GetAsync(head.Checkpoints[0].Name))!.Bytes);
        Assert.Equal(record.Split.ToString(System.Globalization.CultureInfo.InvariantCulture), checkpoint.Metadata["micro_batches"]);
        Assert.True(await cluster.ScrapeAsync("paris_retries_total", "cause=\"OutOfMemory\"") > 0);
    }

    private Task SubmitAsync(RealCluster cluster) => cluster.SubmitAsync(run.Spec);

    private static string Hash(string location, JobId job)
        => JobFence.ReadResultAsync(BlobStoreFactory.Open(location), job).GetAwaiter().GetResult()!.Facts["weights-sha256"];
}
