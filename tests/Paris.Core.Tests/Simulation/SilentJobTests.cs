using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Xunit;

namespace Paris.Core.Tests.Simulation;

/// <summary>One job's grain that never answers holds up neither its run nor the supervisor (the simulation's mirror of both grains).</summary>
public sealed class SilentJobTests
{
    [Fact]
    public void TheRunAnswersWithinSecondsAndTheSupervisorPingsTheSilentJob()
    {
        // Whatever is awaited continues in the event that completes it.
        SynchronizationContext.SetSynchronizationContext(null);
        var loop = new SimLoop(1);
        var store = new SimStore();
        var trainer = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } };
        var spec = new RunSpec { Name = "a", Data = new DataSpec { Images = "images" }, Clustering = new ClusteringSpec { Clusters = 2 }, Expert = trainer, Router = trainer };
        var run = new SimRunSpec(spec, 0, loop.GetUtcNow(), RunPlan.For(spec));
        var ingest = run.Plan[0].Id;
        foreach (var job in run.Plan)
        {
            store.Of(job.Id);
        }

        var cluster = new SimCluster(loop, (cluster, silo, key) =>
        {
            var link = new SimStoreLink(loop, silo.Process, silo.Node, store, new SimFaults { On = false });
            return key switch
            {
                SimScheduler.GrainKey => new SimScheduler(cluster, silo),
                SimSupervisor.GrainKey => new SimSupervisor(cluster, silo, ["a"]),
                _ when key == SimRun.KeyOf("a") => new SimRun(cluster, silo, run, link),
                _ => new SimJob(cluster, silo, key, link, new RetryBudgetOptions(), () => "claim"),
            };
        });
        var silo = new SimSilo(cluster, new SimNode("n0"), 0, (_, _, _, _) => throw new InvalidOperationException("There are no slots."));
        cluster.Join(silo);
        cluster.Deliver(silo, SimJob.KeyOf(ingest), _ => new TaskCompletionSource().Task);

        double answered = 0;
        silo.Process.Go(async () =>
        {
            Assert.True(await cluster.CallAsync(silo, SimRun.KeyOf("a"), grain => ((SimRun)grain).EnsureAsync()));
            answered = loop.Now;
        });
        Assert.True(loop.Run(60, () => answered > 0));
        Assert.InRange(answered, 3, 3.5);

        silo.Run();
        Assert.True(loop.Run(answered + 25, () => loop.Tail(100).Contains($"the supervisor pings {ingest.Key}", StringComparison.Ordinal)));
    }
}
