using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Paris.Grains.Abstractions;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Silo.Tests;

/// <summary>Jobs that need something special, and jobs that move. Slow for unit tests (seconds each), because workers are processes.</summary>
public sealed class MigrationTests(ITestOutputHelper output)
{
    [Fact]
    public async Task AMovedExpertLosesNoStepAndNobodyElseIsDisturbed()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10", "--every", "1000000");
        await cluster.FinishPreparationAsync();
        await cluster.StartSiloAsync("control", 0);
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("both run on a", x => x.Jobs.Count(j => j is { State: JobState.Running, Silo: "a", Step: > 5 }) == 2);
        var job = cluster.Grains.GetJob("demo/expert/0");
        Assert.Equal(ParisException.NotFound, (await Assert.ThrowsAsync<ParisException>(() => job.MigrateAsync("nowhere", ""))).Code);
        Assert.Equal(ParisException.Conflict, (await Assert.ThrowsAsync<ParisException>(() => job.MigrateAsync("a", ""))).Code);
        Assert.Equal(ParisException.Conflict, (await Assert.ThrowsAsync<ParisException>(() => job.MigrateAsync("", ""))).Code);
        await cluster.StartSiloAsync("b", 1);
        await WaitForSiloAsync(cluster, "b");

        var before = Expert(await cluster.Run().GetStatusAsync());
        var move = await job.MigrateAsync("b", "");

        Assert.Equal(("a", "b", 1), (move.FromSilo, move.ToSilo, move.Epoch));
        var after = await cluster.WaitAsync("trains on b", x => Expert(x) is { State: JobState.Running, Silo: "b", Epoch: 2 } there && there.Metrics.GetValueOrDefault("first-step") > 5);
        Assert.Equal(0, Expert(after).Retries);
        Assert.True(Expert(after).Metrics["first-step"] >= before.Step, $"went on from {Expert(after).Metrics["first-step"]}, was at {before.Step}");
        Assert.Equal((1, "a"), (after.Jobs[5].Epoch, after.Jobs[5].Silo));
    }

    [Fact]
    public async Task WhenTheTargetIsGoneTheJobGoesOnElsewhere()
    {
        // The worker does not listen, so that there is time to kill the silo it is to go to.
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "10", "--deaf");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        cluster.StopGrace = TimeSpan.FromSeconds(4);
        await cluster.StartSiloAsync("control", 0);
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("runs", x => Expert(x) is { State: JobState.Running, CommittedStep: > 0 });
        await cluster.StartSiloAsync("b", 1);
        await WaitForSiloAsync(cluster, "b");

        Assert.Equal("b", (await cluster.Grains.GetJob("demo/expert/0").MigrateAsync("b", "cpu-0")).ToSilo);
        await cluster.KillSiloAsync("b");

        var after = Expert(await cluster.WaitAsync("goes on", x => Expert(x) is { State: JobState.Running, Epoch: 2 }));
        Assert.Equal(("a", 0), (after.Silo, after.Retries));
    }

    [Fact]
    public async Task AJobWaitsForASlotThatFitsAndSaysWhy()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "3");
        await cluster.FinishPreparationAsync();
        cluster.Facts = new SlotFacts(true, "Tesla T4", 16L << 30, 7.5, 1);
        await cluster.StartSiloAsync("small", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(2, resources: new ResourcesSpec { Memory = 40, MinimumCompute = 8 }));

        var waiting = await cluster.WaitAsync("router done, experts wait", x => x.Jobs[6].State == JobState.Completed && x.Jobs[4..6].All(j => j.State == JobState.Queued && j.Message.Length > 0));
        Assert.All(waiting.Jobs[4..6], x => Assert.Equal("waits for a slot that fits: needs 40 GiB; the largest slot has 16 GiB", x.Message));
        var advice = await cluster.Grains.Scheduler().AdviseAsync();
        Assert.Equal(("40 GiB and compute capability 8.0", 2, 0, 2), (Assert.Single(advice.Wanted).Needs, advice.Wanted[0].Jobs, advice.Wanted[0].Present, advice.Wanted[0].Add));
        Assert.True(Assert.Single(advice.Silos).CanGo);

        cluster.Facts = new SlotFacts(true, "NVIDIA A100-SXM4-40GB", 40L << 30, 8.0, 1);
        await cluster.StartSiloAsync("large", 1);
        var done = await cluster.WaitAsync("complete", x => x.State == RunState.Completed);
        Assert.All(done.Jobs[4..6], x => Assert.Equal("large", x.Facts["silo"]));
    }

    [Fact]
    public async Task TheRebalancerMovesTheSlowExpertOnceTheFastSlotIsFree()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "2000", "--step-ms", "60", "--every", "1000000");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        cluster.Rebalance = new RebalanceOptions { Enabled = true, LeastGain = TimeSpan.FromSeconds(2), CoolDown = TimeSpan.FromSeconds(3), UsualStart = TimeSpan.FromSeconds(1), UsualCheckpoint = TimeSpan.FromSeconds(1) };
        cluster.Facts = new SlotFacts(true, "Tesla T4", 16L << 30, 7.5, 1);
        await cluster.StartSiloAsync("slow", 1);
        cluster.Facts = new SlotFacts(true, "NVIDIA H100", 80L << 30, 9.0, 1);
        cluster.Worker = ["--steps", "2000", "--step-ms", "1", "--every", "1000000"];
        await cluster.StartSiloAsync("fast", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(2));

        var done = await cluster.WaitAsync("complete", x => x.State == RunState.Completed, 90);

        Assert.All(done.Jobs[4..6], x => Assert.Equal(("fast", 0), (x.Facts["silo"], x.Retries)));
        Assert.Equal([1, 2], done.Jobs[4..6].Select(x => x.Epoch).Order());
        Assert.True(done.Jobs[4..6].Max(x => x.Metrics["first-step"]) > 0, "the moved expert began anew");
    }

    private static async Task WaitForSiloAsync(ParisCluster cluster, string silo)
    {
        for (var i = 0; i < 300 && (await cluster.Grains.Scheduler().GetStatusAsync()).Silos.All(x => x.Silo != silo); i++)
        {
            await Task.Delay(100);
        }
    }

    private static JobStatus Expert(RunStatus status) => status.Jobs.First(x => x.Kind == JobKind.TrainExpert);
}
