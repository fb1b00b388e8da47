using System.Net;
using Paris.Core.Tests.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Cluster.Tests;

/// <summary>Silos that come, go and die, as processes on official Orleans with the shipped options. Slow: every test starts a cluster.</summary>
public sealed class SiloLossTests(AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<AzuriteFixture>
{
    private const int Experts = 6;

    [ClusterFact]
    public Task AKilledSilosExpertsTrainElsewhereAndTheOthersGoOn()
        => Measured.WithinAsync(output, "kill -9 of a silo → the last of its experts makes a step elsewhere", 12, async () =>
        {
            await using var cluster = Cluster();
            var silos = await StartAsync(cluster, 3, 3, 3);
            var before = await cluster.WaitForExpertsAsync(Experts);
            var victim = before.Select(x => x.Silo!).CountBy(x => x).MaxBy(x => x.Value).Key;
            var lost = before.Where(x => x.Silo == victim).Select(x => x.Key).ToHashSet();

            var killed = TimeProvider.System.GetUtcNow();
            silos[victim].Send(Signal.Kill);
            var seconds = (await StepsOfAsync(cluster, lost, epoch: 2) - killed).TotalSeconds;

            var until = TimeProvider.System.GetUtcNow();
            var others = cluster.Workers.Where(x => !lost.Contains(x.Job)).ToArray();
            Assert.Equal(Experts - lost.Count, others.Length);
            Assert.All(others, x => Assert.True(x.Epoch == 1 && x.LongestGap(killed, until) < Measured.Gap, $"{x.Job} was disturbed: {x.LongestGap(killed, until)} without a step"));
            foreach (var moved in cluster.Workers.Where(x => x.Epoch == 2))
            {
                var committed = before.First(x => x.Key == moved.Job).CommittedStep;
                Assert.True(moved.From >= committed, $"{moved.Job} went on from {moved.From}, but {committed} was committed");
            }

            await cluster.CheckHeadsAsync(Experts);
            return seconds;
        });

    [ClusterFact]
    public Task TheSiloOfSchedulerSupervisorAndRunIsKilled()
        => Measured.WithinAsync(output, "kill -9 of the silo with scheduler, supervisor and run → the queue is there again", 15, async () =>
        {
            await using var cluster = Cluster();

            // Alone, it hosts every grain there is; then the devices come.
            var control = await cluster.StartSiloAsync("control", 0);
            await cluster.StartGatewayAsync();
            await cluster.SubmitAsync(Experts);
            await cluster.WaitAsync("all are queued", async () => (await cluster.ClusterAsync()).Queue.Count == Experts, 30);
            await cluster.StartSiloAsync("a", 2);
            await cluster.StartSiloAsync("b", 2);
            await cluster.WaitForExpertsAsync(4);
            string[] waiting = ["demo/expert/4", "demo/expert/5"];
            Assert.Equal(waiting, (await cluster.ClusterAsync()).Queue);

            var killed = TimeProvider.System.GetUtcNow();
            control.Send(Signal.Kill);
            await cluster.WaitAsync("the queue is there again", async () => (await cluster.ClusterAsync()) is { Silos.Count: 2, Busy: 4 } now && now.Queue.SequenceEqual(waiting), 60);
            var seconds = (TimeProvider.System.GetUtcNow() - killed).TotalSeconds;

            // A fresh scheduler must take the running workers for what they are, and serve the first in the queue first.
            await cluster.StartSiloAsync("c", 1);
            await cluster.WaitAsync("the first in the queue runs", async () => cluster.Workers.Count == 5 && (await cluster.ClusterAsync()) is { Busy: 5 } now && now.Queue.SequenceEqual(waiting[1..]), 30);
            var workers = cluster.Workers;
            Assert.Equal(["demo/expert/0", "demo/expert/1", "demo/expert/2", "demo/expert/3", "demo/expert/4"], workers.Select(x => x.Job));
            Assert.All(workers, x => Assert.Equal(1, x.Epoch));
            Assert.All(workers.Take(4), x => Assert.True(x.LongestGap(killed, TimeProvider.System.GetUtcNow()) < Measured.Gap, $"{x.Job} was disturbed"));
            return seconds;
        });

    [ClusterFact]
    public Task AGracefulStopLosesNoStep()
        => Measured.WithinAsync(output, "SIGTERM of a silo → the last of its experts makes a step elsewhere", 12, async () =>
        {
            await using var cluster = Cluster("--every", "1000000");
            var silos = await StartAsync(cluster, 3, 3, 3);
            await cluster.WaitAsync("all train", () => Task.FromResult(cluster.Workers.Count(x => x.LastStep > 5) == Experts), 60);
            var victim = (await cluster.ExpertsAsync()).Select(x => x.Silo!).CountBy(x => x).MaxBy(x => x.Value).Key;
            var leaving = cluster.Workers.Where(x => x.Silo == victim).Select(x => x.Job).ToHashSet();

            var stopped = TimeProvider.System.GetUtcNow();
            silos[victim].Send(Signal.Terminate);
            var seconds = (await StepsOfAsync(cluster, leaving, epoch: 2) - stopped).TotalSeconds;
            await silos[victim].WaitForExitAsync(TimeSpan.FromSeconds(75));

            Assert.Equal(0, silos[victim].ExitCode);
            foreach (var job in leaving)
            {
                var lives = cluster.Workers.Where(x => x.Job == job).ToArray();
                Assert.Equal((2, lives[0].LastStep), (lives.Length, lives[1].From));
            }

            Assert.All(cluster.Workers.Where(x => !leaving.Contains(x.Job)), x => Assert.Equal(1, x.Epoch));
            return seconds;
        });

    [ClusterFact]
    public Task AFourthSilosSlotsAreUsedAtOnce()
        => Measured.WithinAsync(output, "a fourth silo joins → the last queued expert that it has a slot for makes a step", 5, async () =>
        {
            await using var cluster = Cluster();
            await StartAsync(cluster, 1, 1, 1);
            await cluster.WaitForExpertsAsync(3);
            Assert.Equal(3, (await cluster.ClusterAsync()).Queue.Count);

            var fourth = await cluster.StartSiloAsync("d", 2);
            var joined = fourth.SaidAt(ProcessCluster.Offers("d"))!.Value;
            var at = await StepsOfAsync(cluster, ["demo/expert/3", "demo/expert/4"], epoch: 1);
            Assert.All(cluster.Workers, x => Assert.Equal(1, x.Epoch));
            output.WriteLine($"process start to joined: {(joined - fourth.StartedAt).TotalSeconds:0.0} s");
            return (at - joined).TotalSeconds;
        });

    [ClusterFact]
    public Task AfterAllSilosDiedNewOnesOnOtherPortsGoOn()
        => Measured.WithinAsync(output, "kill -9 of all three silos, restarted at once on other ports → the last expert makes a step", 45, async () =>
        {
            await using var cluster = Cluster();
            var silos = await StartAsync(cluster, 3, 3, 3);
            var before = await cluster.WaitForExpertsAsync(Experts);

            var killed = TimeProvider.System.GetUtcNow();
            foreach (var silo in silos.Values)
            {
                silo.Send(Signal.Kill);
            }

            foreach (var name in silos.Keys)
            {
                cluster.LaunchSilo(name, 3);
            }

            // Nobody calls: the gateway is asked nothing until all is well.
            var seconds = (await StepsOfAsync(cluster, before.Select(x => x.Key).ToHashSet(), epoch: 2, limit: 120) - killed).TotalSeconds;
            foreach (var worker in cluster.Workers.Where(x => x.Epoch == 2))
            {
                Assert.True(worker.From >= before.First(x => x.Key == worker.Job).CommittedStep, $"{worker.Job} lost a committed step");
            }

            var after = await cluster.WaitForExpertsAsync(Experts);
            Assert.All(after, x => Assert.Equal((2, 0), (x.Epoch, x.Retries)));
            await cluster.CheckHeadsAsync(Experts);
            return seconds;
        });

    [ClusterFact]
    public async Task ProbesTellWhatIsReady()
    {
        await using var cluster = Cluster("--every", "1000000");

        // The gateway is there first: it serves, and is not ready.
        var gateway = cluster.LaunchGateway();
        await cluster.WaitAsync("the gateway serves", async () => (await cluster.ProbeAsync(gateway, "/healthz"))?.Text == "ok", 60);
        Assert.StartsWith("no silo is connected", (await cluster.ProbeAsync(gateway, "/readyz"))?.Text, StringComparison.Ordinal);

        var silo = await cluster.StartSiloAsync("a", 2);
        await cluster.WaitAsync("the silo is ready", async () => (await cluster.ProbeAsync(silo, "/readyz"))?.Text == "ok", 30);
        await cluster.WaitAsync("the gateway is ready", async () => (await cluster.ProbeAsync(gateway, "/readyz"))?.Text == "ok", 30);
        Assert.Equal("ok", (await cluster.ProbeAsync(silo, "/healthz"))?.Text);
        Assert.Contains("paris_slots", (await cluster.ProbeAsync(silo, "/metrics"))?.Text, StringComparison.Ordinal);

        silo.Send(Signal.Kill);
        await cluster.WaitAsync("the gateway is not ready", async () => (await cluster.ProbeAsync(gateway, "/readyz"))?.Status == HttpStatusCode.ServiceUnavailable, 60);
        Assert.Equal("ok", (await cluster.ProbeAsync(gateway, "/healthz"))?.Text);
        await cluster.StartSiloAsync("b", 2);
        await cluster.WaitAsync("the gateway is ready again", async () => (await cluster.ProbeAsync(gateway, "/readyz"))?.Text == "ok", 60);
    }

    private ProcessCluster Cluster(params string[] worker)
        => new(output, azurite.ConnectionString, null, ["--steps", "1000000", "--step-ms", "50", "--beside", "--every", "20", .. worker]);

    /// <summary>Silos a, b, c … with so many slots each, a gateway, and the run.</summary>
    private static async Task<Dictionary<string, ClusterProcess>> StartAsync(ProcessCluster cluster, params int[] slots)
    {
        var names = slots.Select((_, i) => ((char)('a' + i)).ToString()).ToArray();
        var silos = await Task.WhenAll(names.Zip(slots, cluster.StartSiloAsync));
        await cluster.StartGatewayAsync();
        await cluster.SubmitAsync(Experts);
        return names.Zip(silos).ToDictionary(x => x.First, x => x.Second);
    }

    /// <summary>Waits until each of the jobs has made a step in this epoch; returns when the last of them did.</summary>
    private static async Task<DateTimeOffset> StepsOfAsync(ProcessCluster cluster, HashSet<string> jobs, int epoch, double limit = 60)
    {
        WorkerLife[] begun = [];
        await cluster.WaitAsync($"{string.Join(", ", jobs)} train in epoch {epoch}", () =>
        {
            begun = [.. cluster.Workers.Where(x => jobs.Contains(x.Job) && x.Epoch == epoch && x.FirstStepAt is not null)];
            return Task.FromResult(begun.Length == jobs.Count);
        }, limit);
        return begun.Max(x => x.FirstStepAt!.Value);
    }
}
