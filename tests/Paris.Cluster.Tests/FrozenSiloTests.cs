using Paris.Core.Jobs;
using Paris.Core.Tests.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Cluster.Tests;

/// <summary>Silos that stop answering without dying. Slow: a minute of a zombie's sleep is the test.</summary>
public sealed class FrozenSiloTests(AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<AzuriteFixture>
{
    private const int Experts = 3;

    [ClusterFact]
    public Task AFrozenNodesWorkersAreFencedWhenTheyWake()
        => Measured.WithinAsync(output, "SIGSTOP of a silo and its workers → its expert makes a step elsewhere", 20, async () =>
        {
            await using var cluster = Cluster();
            var (frozen, job) = await StartAsync(cluster);

            var stopped = TimeProvider.System.GetUtcNow();
            frozen.SendToGroup(Signal.Stop);
            var seconds = (await StepElsewhereAsync(cluster, job) - stopped).TotalSeconds;
            await Task.Delay(TimeSpan.FromSeconds(60) - (TimeProvider.System.GetUtcNow() - stopped));
            var committed = await cluster.CheckHeadsAsync(Experts);

            frozen.SendToGroup(Signal.Continue);
            var woken = TimeProvider.System.GetUtcNow();
            await cluster.WaitAsync("the zombie worker ends", () => Task.FromResult(Zombie().ExitCode is not null), 30);
            Assert.Equal((long)WorkerExitCode.Fenced, Zombie().ExitCode);
            Assert.DoesNotContain(Zombie().Lines, x => x.Word == "commit" && x.At > woken);
            await frozen.WaitForExitAsync(TimeSpan.FromSeconds(60));

            // The new owner has gone on, from the head it had.
            await cluster.WaitAsync("the new owner commits", async () => (await JobFence.ReadHeadAsync(cluster.Store, JobId.Parse(job)))!.Step > committed[job].Step, 30);
            var heads = await cluster.CheckHeadsAsync(Experts);
            Assert.Equal((2, committed[job].Claim), (heads[job].Epoch, heads[job].Claim));
            Assert.All(heads.Where(x => x.Key != job), x => Assert.Equal((1, committed[x.Key].Claim), (x.Value.Epoch, x.Value.Claim)));
            Assert.Equal(Experts + 1, cluster.Workers.Count);
            return seconds;

            WorkerLife Zombie() => cluster.Workers.First(x => x.Job == job && x.Epoch == 1);
        });

    [ClusterFact]
    public Task AFrozenSilosWorkersLeaveIt()
        => Measured.WithinAsync(output, "SIGSTOP of a silo alone → its worker has ended", 15, async () =>
        {
            await using var cluster = Cluster();
            var (frozen, job) = await StartAsync(cluster);

            var stopped = TimeProvider.System.GetUtcNow();
            frozen.Send(Signal.Stop);
            await cluster.WaitAsync("the worker ends", () => Task.FromResult(Orphan().ExitCode is not null), 60);
            await StepElsewhereAsync(cluster, job);

            // Fenced if the other silos were faster, stopped by itself if not.
            Assert.True((WorkerExitCode)Orphan().ExitCode! is WorkerExitCode.Fenced or WorkerExitCode.Stopped, $"exit code {Orphan().ExitCode}");
            await cluster.CheckHeadsAsync(Experts);
            return (Orphan().Lines[^1].At - stopped).TotalSeconds;

            WorkerLife Orphan() => cluster.Workers.First(x => x.Job == job && x.Epoch == 1);
        });

    private ProcessCluster Cluster() => new(output, azurite.ConnectionString, null, "--steps", "1000000", "--step-ms", "50", "--beside", "--every", "20");

    /// <summary>Three silos with two slots and one expert each; the first to be frozen, with its expert.</summary>
    private static async Task<(ClusterProcess Silo, string Job)> StartAsync(ProcessCluster cluster)
    {
        var silos = await Task.WhenAll(((string[])["a", "b", "c"]).Select(x => cluster.StartSiloAsync(x, 2)));
        await cluster.StartGatewayAsync();
        await cluster.SubmitAsync(Experts);
        var experts = await cluster.WaitForExpertsAsync(Experts);
        return experts.GroupBy(x => x.Silo).Where(x => x.Count() == 1).Select(x => (silos.First(s => s.Name == x.Key), x.First().Key)).First();
    }

    private static async Task<DateTimeOffset> StepElsewhereAsync(ProcessCluster cluster, string job)
    {
        DateTimeOffset? at = null;
        await cluster.WaitAsync($"{job} trains elsewhere", () => Task.FromResult((at = cluster.Workers.FirstOrDefault(x => x.Job == job && x.Epoch == 2)?.FirstStepAt) is not null), 60);
        return at!.Value;
    }
}
