using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Paris.Cluster.Tests;
using Paris.Core.Jobs;
using Paris.Grains.Abstractions;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Silo.Tests;

/// <summary>
/// Whole runs on in-process silos with real child processes. Slow for unit tests (seconds each): a worker is a .NET process, and
/// most of a test's time is their start.
/// </summary>
public sealed class ClusterTests(ITestOutputHelper output)
{
    [Fact]
    public async Task ARunGoesThroughAllPhases()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "3");
        await cluster.StartSiloAsync("a", 3);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(2, autoencoder: true, strategies: ["full"]));

        var done = await cluster.WaitAsync("complete", x => x.State == RunState.Completed, 120);

        Assert.Equal("complete", done.Phase);
        Assert.Equal(
            ["ingest", "autoencoder", "extract", "assign", "encode", "partition", "expert/0", "expert/1", "router", "classifier", "evaluate/full"],
            done.Jobs.Select(x => x.Key["demo/".Length..]));
        Assert.All(done.Jobs, x => Assert.Equal((JobState.Completed, 1, 0), (x.State, x.Epoch, x.Retries)));
        Assert.All(done.Jobs, x => Assert.Equal("a", x.Facts["silo"]));
        var expert = cluster.Grains.GetJob("demo/expert/1");
        Assert.Equal([1.0, 0.5, 1.0 / 3], (await expert.GetTraceAsync(100)).Select(x => x.Value));
        var summary = Assert.Single(await cluster.Grains.Supervisor().ListRunsAsync());
        Assert.Equal(("demo", RunState.Completed, 11, 11), (summary.Run, summary.State, summary.JobsDone, summary.JobsTotal));
    }

    [Fact]
    public async Task WithTwoSlotsTwoExpertsTrainAndTheOthersWait()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "20");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(5));

        var status = await cluster.WaitAsync("two run", x => x.Jobs.Count(j => j.State == JobState.Running) == 2);

        Assert.Equal(["demo/expert/0", "demo/expert/1"], status.Jobs.Where(x => x.State == JobState.Running).Select(x => x.Key).Order());
        Assert.Equal(
            [("demo/expert/2", 1), ("demo/expert/3", 2), ("demo/expert/4", 3), ("demo/router", 4)],
            status.Jobs.Where(x => x.State == JobState.Queued).Select(x => (x.Key, x.QueuePosition)).Order());
        Assert.Equal("training the experts (0 of 5 done), training the router", status.Phase);

        // More slots come, and nobody is disturbed.
        await cluster.StartSiloAsync("b", 4);
        var more = await cluster.WaitAsync("six run", x => x.Jobs.Count(j => j.State == JobState.Running) == 6);
        Assert.All(more.Jobs.Where(x => x.State == JobState.Running), x => Assert.Equal(1, x.Epoch));
        Assert.Equal(4, more.Jobs.Count(x => x.Silo == "b"));
    }

    [Fact]
    public async Task AKilledWorkerIsStartedAgainFromItsCheckpoint()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "300", "--step-ms", "10");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        var running = Expert(await cluster.WaitAsync("checkpoints", x => Expert(x).CommittedStep > 10));

        using (var worker = Process.GetProcessById((int)running.Metrics["process-id"]))
        {
            worker.Kill();
        }

        var done = Expert(await cluster.WaitAsync("complete", x => x.State == RunState.Completed));
        Assert.Equal((2, 1), (done.Epoch, done.Retries));
        Assert.True(done.Metrics["first-step"] >= running.CommittedStep, $"went on from {done.Metrics["first-step"]}, committed was {running.CommittedStep}");
        var trace = await cluster.Grains.GetJob("demo/expert/0").GetTraceAsync(1000);
        Assert.Equal(300, trace[^1].Step);
        Assert.True(trace.Zip(trace.Skip(1)).All(x => x.First.Step < x.Second.Step));
    }

    [Fact]
    public async Task BadInputFailsAndDivergenceQuarantinesWhileTheOthersGoOn()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "3", "--bad-input", "demo/expert/0", "--diverge", "demo/expert/1");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("a", 4);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(3, strategies: ["full"]));

        var failed = await cluster.WaitAsync("failed", x => x.State == RunState.Failed);

        Assert.Equal((JobState.Failed, "the images are no images", 1), (failed.Jobs[4].State, failed.Jobs[4].Message, failed.Jobs[4].Epoch == 0 ? 1 : 0));
        Assert.Equal(JobState.Quarantined, failed.Jobs[5].State);
        Assert.Contains("the loss is not a number", failed.Jobs[5].Message);
        Assert.Equal([JobState.Completed, JobState.Completed, JobState.Completed], failed.Jobs[6..9].Select(x => x.State));
        Assert.Equal(JobState.Waiting, failed.Jobs[9].State);
        Assert.StartsWith("demo/expert/", failed.Message);
    }

    [Fact]
    public async Task PauseCommitsAndStopsResumeGoesOnCancelEnds()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10", "--every", "1000000");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("both run", x => x.Jobs.Count(j => j.State == JobState.Running && j.Step > 5) == 2);

        await cluster.Run().PauseAsync();
        var paused = await cluster.WaitAsync("stopped", x => x.Jobs.Count(j => j.State == JobState.Paused) == 2);
        Assert.Equal(RunState.Paused, paused.State);
        var head = await JobFence.ReadHeadAsync(cluster.Store, JobId.ForExpert("demo", 0));
        Assert.True(head!.Step > 5, "a pause commits what was done");
        Assert.Equal(head.Step, Expert(paused).CommittedStep);

        await cluster.Run().ResumeAsync();
        var resumed = await cluster.WaitAsync("both run again", x => x.Jobs.Count(j => j.State == JobState.Running) == 2);
        Assert.Equal(RunState.Running, resumed.State);
        Assert.Equal((2, 0), (Expert(resumed).Epoch, Expert(resumed).Retries));
        await cluster.WaitAsync("goes on", x => Expert(x).Metrics.TryGetValue("first-step", out var first) && first == head.Step);

        await cluster.Run().CancelAsync();
        var cancelled = await cluster.WaitAsync("cancelled", x => x.Jobs.Count(j => j.State == JobState.Cancelled) == 2);
        Assert.Equal(RunState.Cancelled, cancelled.State);
        Assert.All((await cluster.Grains.Scheduler().GetStatusAsync()).Silos.SelectMany(x => x.Slots), x => Assert.Equal("", x.Job));
    }

    [Fact]
    public async Task OneJobAloneIsPausedAndResumed()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("both run", x => x.Jobs.Count(j => j.State == JobState.Running) == 2);
        var job = cluster.Grains.GetJob("demo/expert/0");

        await job.PauseAsync();
        var paused = await cluster.WaitAsync("one paused", x => Expert(x).State == JobState.Paused);
        Assert.Equal((RunState.Running, JobState.Running), (paused.State, paused.Jobs[5].State));
        await job.ResumeAsync();
        await cluster.WaitAsync("runs again", x => Expert(x) is { State: JobState.Running, Epoch: 2 });
    }

    [Fact]
    public async Task AnotherSpecIsRefusedAndTheSameGoesOn()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "20");
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));

        var other = await Assert.ThrowsAsync<ParisException>(() => cluster.Run().SubmitAsync(ParisCluster.Spec(1, seed: 43)));
        Assert.Equal(ParisException.Conflict, other.Code);
        Assert.Contains("exists", other.Message);
        Assert.Equal(ParisException.BadInput, (await Assert.ThrowsAsync<ParisException>(() => cluster.Run("another").SubmitAsync(ParisCluster.Spec(1)))).Code);
        Assert.Equal(ParisException.BadInput, (await Assert.ThrowsAsync<ParisException>(() => cluster.Run().SubmitAsync("{"))).Code);
        Assert.Equal(ParisException.NotFound, (await Assert.ThrowsAsync<ParisException>(() => cluster.Run("nobody").GetStatusAsync())).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AfterTheWholeProcessANewOneGoesOn(bool kill)
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "400", "--step-ms", "10");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        var before = await cluster.WaitAsync("checkpoints", x => x.Jobs.Count(j => j.CommittedStep > 10) == 2);

        await cluster.StopAllAsync(kill);
        await cluster.StartSiloAsync("a", 2);

        // Nobody calls the run here but the supervisor: jobs that run are seen in the scheduler's table.
        var started = TimeProvider.System.GetTimestamp();
        while (!(await cluster.Grains.Scheduler().GetStatusAsync()).Silos.Any(x => x.Slots.All(s => s.Epoch == 2)))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started).TotalSeconds < 60, "the supervisor did not bring the run back");
            await Task.Delay(100);
        }

        var after = await cluster.WaitAsync("complete", x => x.State == RunState.Completed);
        Assert.Equal((2, 0), (Expert(after).Epoch, Expert(after).Retries));
        Assert.True(Expert(after).Metrics["first-step"] >= Expert(before).CommittedStep);
        Assert.Equal(before.Submitted, after.Submitted);
    }

    [Fact]
    public async Task ADrainedSilosJobsGoOnElsewhere()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10", "--every", "1000000");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("control", 0);
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("both run on a", x => x.Jobs.Count(j => j is { State: JobState.Running, Silo: "a", Step: > 5 }) == 2);
        await cluster.StartSiloAsync("b", 2);

        await cluster.StopSiloAsync("a");

        var after = await cluster.WaitAsync("both run on b", x => x.Jobs.Count(j => j is { State: JobState.Running, Silo: "b" }) == 2);
        Assert.All(after.Jobs[4..6], x => Assert.Equal((2, 0), (x.Epoch, x.Retries)));
        await cluster.WaitAsync("from the drain's checkpoint", x => Expert(x).Metrics.TryGetValue("first-step", out var first) && first > 5);
        foreach (var lives in cluster.Workers.GroupBy(x => x.Job))
        {
            Assert.Equal(lives.First().LastStep, lives.Last().From);
        }
    }

    [Fact]
    public async Task TheSiloOfSchedulerSupervisorAndRunIsKilled()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "20");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");

        // Alone, it hosts every grain there is; then the devices come.
        await cluster.StartSiloAsync("control", 0);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(4));
        await cluster.StartSiloAsync("a", 1);
        await cluster.StartSiloAsync("b", 1);
        await cluster.WaitAsync("two run", x => x.Jobs.Count(j => j is { State: JobState.Running, CommittedStep: > 0 }) == 2);
        string[] waiting = ["demo/expert/2", "demo/expert/3"];
        Assert.Equal(waiting, (await cluster.Grains.Scheduler().GetStatusAsync()).Queue);

        await cluster.KillSiloAsync("control");

        await cluster.WaitAsync("the queue is there again", x => x.Jobs.Where(j => j.State == JobState.Queued).OrderBy(j => j.QueuePosition).Select(j => j.Key).SequenceEqual(waiting));
        await cluster.StartSiloAsync("c", 1);
        await cluster.WaitAsync("the first in the queue runs", x => x.Jobs.Count(j => j.State == JobState.Running) == 3);
        Assert.Equal([("demo/expert/0", 1), ("demo/expert/1", 1), ("demo/expert/2", 1)], cluster.Workers.Select(x => (x.Job, x.Epoch)));
    }

    [Fact]
    public async Task AFrozenWorkerThatWasReplacedIsFencedWhenItWakes()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        var running = Expert(await cluster.WaitAsync("checkpoints", x => Expert(x).CommittedStep > 10));
        var process = (int)running.Metrics["process-id"];

        Signals.Send(process, Signal.Stop);
        var job = JobId.ForExpert("demo", 0);
        var taken = await JobFence.TakeOverAsync(cluster.Store, job, "elsewhere", Guid.NewGuid().ToString("N"), "start");
        Signals.Send(process, Signal.Continue);

        var after = Expert(await cluster.WaitAsync("trains again", x => Expert(x) is { State: JobState.Running, Epoch: 3 }));
        Assert.Equal(0, after.Retries);
        Assert.Equal((long)WorkerExitCode.Fenced, cluster.Workers[0].ExitCode);
        Assert.Equal([1, 3], cluster.Workers.Select(x => x.Epoch));
        Assert.Equal(taken.Head.Step, cluster.Workers[1].From);
    }

    [Fact]
    public async Task AKilledSilosJobsGoOnElsewhere()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("control", 0);
        await cluster.StartSiloAsync("a", 1);
        await cluster.StartSiloAsync("b", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        var before = await cluster.WaitAsync("one each", x => x.Jobs.Count(j => j is { State: JobState.Running, CommittedStep: > 0 }) == 2);
        var moved = before.Jobs.First(x => x.Silo == "b").Key;
        var stayed = before.Jobs.First(x => x.Silo == "a").Key;
        await cluster.StartSiloAsync("c", 1);

        await cluster.KillSiloAsync("b");

        var after = await cluster.WaitAsync("runs on c", x => x.Jobs.First(j => j.Key == moved) is { State: JobState.Running, Silo: "c" });
        Assert.Equal(2, after.Jobs.First(x => x.Key == moved).Epoch);
        var undisturbed = after.Jobs.First(x => x.Key == stayed);
        Assert.Equal((1, "a"), (undisturbed.Epoch, undisturbed.Silo));
    }

    [Fact]
    public async Task SamplesAndFurtherStrategiesRunBesideACompleteRun()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "2");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("expert/0", "router");
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("complete", x => x.State == RunState.Completed);

        var sample = await cluster.Run().SampleAsync(new SampleRequest { Id = "first", Strategy = "full", Count = 4 });
        var jobs = await cluster.Run().EvaluateAsync(["top-1"]);

        Assert.Equal(("demo/sample/first", "demo/evaluate/top-1"), (sample, Assert.Single(jobs)));
        Assert.Equal(sample, await cluster.Run().SampleAsync(new SampleRequest { Id = "first", Strategy = "full", Count = 4 }));
        Assert.Equal(
            ParisException.Conflict,
            (await Assert.ThrowsAsync<ParisException>(() => cluster.Run().SampleAsync(new SampleRequest { Id = "first", Strategy = "full", Count = 5 }))).Code);
        Assert.Equal(ParisException.BadInput, (await Assert.ThrowsAsync<ParisException>(() => cluster.Run().EvaluateAsync(["best"]))).Code);
        var done = await cluster.WaitAsync("extras done", x => x.Jobs.All(j => j.State == JobState.Completed) && x.Jobs.Length == 9);
        Assert.Equal(RunState.Completed, done.State);
        Assert.True(await cluster.Store.HeadAsync("runs/demo/samples/first/request.json") is not null);
    }

    [Fact]
    public async Task AWorkerThatDoesNotStopIsKilledAndNothingIsCharged()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10", "--deaf");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        cluster.StopGrace = TimeSpan.FromSeconds(1);
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("runs", x => Expert(x) is { State: JobState.Running, CommittedStep: > 0 });

        await cluster.Run().PauseAsync();
        var paused = Expert(await cluster.WaitAsync("killed", x => Expert(x).State == JobState.Paused));
        await cluster.Run().ResumeAsync();
        var resumed = Expert(await cluster.WaitAsync("runs again", x => Expert(x) is { State: JobState.Running, Epoch: 2 } again && again.Metrics["first-step"] > 0));

        Assert.Equal((0, 0), (paused.Retries, resumed.Retries));
    }

    private static JobStatus Expert(RunStatus status) => status.Jobs.First(x => x.Kind == JobKind.TrainExpert);
}
