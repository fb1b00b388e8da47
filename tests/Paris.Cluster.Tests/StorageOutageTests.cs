using Paris.Core.Tests.Storage;
using Paris.FaultProxy;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Cluster.Tests;

/// <summary>A store that refuses every connection for longer than a stale heartbeat, three times. Slow: the outages are the test.</summary>
public sealed class StorageOutageTests(AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<AzuriteFixture>
{
    private const int Experts = 4;

    [ClusterFact]
    public async Task ThreeOutagesCostNoSiloAndNoCheckpoint()
    {
        await using var proxy = await HttpFaultProxy.StartAsync(azurite.Endpoint!);
        await using var cluster = new ProcessCluster(output, azurite.ConnectionString, proxy.Through, "--steps", "1000000", "--step-ms", "50", "--beside", "--every", "20");
        var silos = await Task.WhenAll(((string[])["a", "b", "c"]).Select(x => cluster.StartSiloAsync(x, 2)));
        await cluster.StartGatewayAsync();
        await cluster.SubmitAsync(Experts);
        await cluster.WaitForExpertsAsync(Experts);

        for (var outage = 1; outage <= 3; outage++)
        {
            var before = await cluster.CheckHeadsAsync(Experts);
            var began = TimeProvider.System.GetUtcNow();
            proxy.Refuse = true;
            await Task.Delay(TimeSpan.FromSeconds(45));
            proxy.Refuse = false;
            var ended = TimeProvider.System.GetUtcNow();

            Assert.All(cluster.Workers, x => Assert.True(x.LongestGap(began, ended) < Measured.Gap, $"{x.Job} stood still in outage {outage}: {x.LongestGap(began, ended)}"));
            await cluster.WaitAsync($"all commit again after outage {outage}", async () =>
            {
                var now = await cluster.CheckHeadsAsync(Experts);
                return now.All(x => x.Value.Step > before[x.Key].Step + 800);
            }, 60);
        }

        Assert.All(silos, x => Assert.False(x.HasExited, $"silo {x.Name} was lost"));
        Assert.All(cluster.Workers, x => Assert.Equal((1, null), (x.Epoch, x.ExitCode)));
        Assert.Equal(Experts, cluster.Workers.Count);
        Assert.All(await cluster.WaitForExpertsAsync(Experts), x => Assert.Equal((1, 0), (x.Epoch, x.Retries)));
        Assert.Equal(["a", "b", "c"], (await cluster.ClusterAsync()).Silos.Select(x => x.Name).Order());
        Assert.True(proxy.Counters.Refused > 10, "the outages reached somebody");
    }
}
