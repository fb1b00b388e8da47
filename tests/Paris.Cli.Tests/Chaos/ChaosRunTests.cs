using System.Text.Json;
using Paris.Cli.Hosting;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Storage;

namespace Paris.Cli.Tests.Chaos;

/// <summary>
/// The command against real silos of this process and workers that count instead of training. Slow (about half a minute): a fault, the
/// recovery from it and the next one take seconds each, whatever the machine.
/// </summary>
public sealed class ChaosRunTests
{
    [Fact]
    public async Task Faults_cost_steps_and_nothing_else()
    {
        using var sandbox = new Sandbox();
        await using var cluster = await StartAsync(sandbox, allowChaos: true);

        var run = await Terminal.RunAsync(["chaos", "demo", "--store", sandbox.Store, "--seed", "5", "--minutes", "0.4", "--every", "6", "--shortest", "1", "--longest", "2", "--baseline", "3", "--json"]);

        Assert.True(run.ExitCode == 0, run.Error + run.Out);
        var report = JsonDocument.Parse(run.Out).RootElement;
        var faults = report.GetProperty("faults").EnumerateArray().ToArray();
        var happened = faults.Where(x => !x.TryGetProperty("skipped", out _)).ToArray();
        Assert.Equal(["storage-outage", "worker-kill", "worker-pause"], happened.Select(x => x.GetProperty("fault").GetString()).Distinct().Order());
        Assert.All(happened, x =>
        {
            Assert.NotEmpty(x.GetProperty("touched").EnumerateArray());
            Assert.True(x.GetProperty("recovery").GetDouble() >= 0);
            Assert.Empty(x.GetProperty("disturbed").EnumerateArray());
        });
        Assert.Empty(report.GetProperty("checkpointsLost").EnumerateArray());
        Assert.True(report.GetProperty("checkpointsSeen").GetInt32() > 0);
        Assert.InRange(report.GetProperty("goodput").GetDouble(), 0.05, 1.5);

        // A killed worker was replaced: its job's fencing number rose.
        using var client = new Client.GatewayClient(cluster.Address.Url, cluster.Address.Token);
        var killed = happened.Where(x => x.GetProperty("fault").GetString() == "worker-kill").Select(x => x.GetProperty("job").GetString()).ToArray();
        var jobs = (await client.GetAsync("demo", default)).Jobs;
        Assert.All(killed, x => Assert.True(jobs.Single(j => j.Key == x).Epoch > 1));
    }

    [Fact]
    public async Task A_silo_that_was_not_started_for_it_takes_no_fault()
    {
        using var sandbox = new Sandbox();
        await using var cluster = await StartAsync(sandbox, allowChaos: false);
        using var client = new Client.GatewayClient(cluster.Address.Url, cluster.Address.Token);

        Assert.Contains("--allow-chaos", await Terminal.RefusedAsync("chaos", "demo", "--store", sandbox.Store), StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<Client.GatewayException>(() => client.OrderFaultAsync(new ChaosRequest(ChaosFault.WorkerKill, "silo-0", "demo/expert/0"), default));
        Assert.True(refused.BadInput);
        Assert.Contains("takes no faults", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silos_that_share_a_process_are_not_killed()
    {
        using var sandbox = new Sandbox();
        await using var cluster = await StartAsync(sandbox, allowChaos: true);
        using var client = new Client.GatewayClient(cluster.Address.Url, cluster.Address.Token);

        Assert.Contains("process of their own", await Terminal.RefusedAsync("chaos", "demo", "--store", sandbox.Store, "--faults", "silo-kill"), StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<Client.GatewayException>(() => client.OrderFaultAsync(new ChaosRequest(ChaosFault.SiloKill, "silo-0"), default));
        Assert.Contains("shares its process", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<Client.GatewayException>(() => client.OrderFaultAsync(new ChaosRequest(ChaosFault.WorkerKill, "silo-0", "demo/expert/77"), default));
        await Assert.ThrowsAsync<Client.GatewayException>(() => client.OrderFaultAsync(new ChaosRequest(ChaosFault.StorageOutage, "silo-0", null, 9999), default));
    }

    /// <summary>Two silos with two slots each, and a run whose three experts and router are at work.</summary>
    private static async Task<LocalCluster> StartAsync(Sandbox sandbox, bool allowChaos)
    {
        var store = new LocalBlobStore(sandbox.Store, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
        foreach (var job in new[] { "ingest", "extract", "assign", "partition" }.Select(x => JobId.Parse("demo/" + x)))
        {
            var fence = await JobFence.TakeOverAsync(store, job, "test", Guid.NewGuid().ToString("N"), "start");
            await fence.CommitResultAsync(new JobResult { Job = job });
        }

        var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Store = sandbox.Store,
                Slots = 4,
                Silos = 2,
                Port = 0,
                LogFile = sandbox.Path("log.txt"),
                AllowChaos = allowChaos,
                Worker = ["dotnet", Path.Combine(AppContext.BaseDirectory, "Paris.FakeWorker.dll"), "--steps", "1000000", "--step-ms", "20", "--every", "20"],
            },
            default);
        try
        {
            using var client = new Client.GatewayClient(cluster.Address.Url, cluster.Address.Token);
            await client.SubmitAsync(
                """
                name: demo
                data: { kind: idx, images: /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz }
                clustering: { clusters: 3 }
                expert: { model: { preset: nano } }
                router: { model: { preset: nano } }
                evaluation: { strategies: [] }
                """,
                default);
            var started = TimeProvider.System.GetTimestamp();
            for (var jobs = (await client.GetAsync("demo", default)).Jobs; jobs.Count(x => x is { State: "running", CommittedStep: > 0 }) < 4; jobs = (await client.GetAsync("demo", default)).Jobs)
            {
                Assert.True(
                    TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMinutes(2),
                    string.Join('\n', jobs.Select(x => $"{x.Key} {x.State} {x.Step} {x.Message}")) + File.ReadAllText(sandbox.Path("log.txt")));
                await Task.Delay(100);
            }
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }

        return cluster;
    }
}
