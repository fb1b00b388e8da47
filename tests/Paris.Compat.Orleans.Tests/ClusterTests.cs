using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Paris.Compat.Orleans.Tests;

/// <summary>Several silos in one process: placed, moved, drained, killed.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task A_grain_has_one_activation_in_the_cluster()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var calls = Enumerable.Range(0, 60).Select(i => Life(cluster.GrainsOf(cluster[i % 2]), $"single-{i / 20}").ActivationAsync());
        var activations = await Task.WhenAll(calls);
        Assert.All(activations.Chunk(20), group => Assert.Single(group.Distinct()));
    }

    [Fact]
    public async Task A_hint_places_and_a_filter_decides()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var red = await cluster.AddSiloAsync(new() { ["colour"] = "red" });
        await cluster.WaitForSilosAsync(2);
        foreach (var host in new[] { cluster[0], red, cluster[0] })
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, TestCluster.AddressOf(host));
            var where = await Life(cluster.Grains, "hint-" + Guid.NewGuid()).WhereAsync();
            Assert.Equal(TestCluster.AddressOf(host).ToParsableString(), where);
        }

        // The hint is still the first silo; the filter allows only the red one, once its metadata is known.
        await TestCluster.Eventually(() => TestCluster.Succeeds(cluster.Grains.GetGrain<IRedGrain>("probe").WhereAsync()));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(TestCluster.AddressOf(red).ToParsableString(), await cluster.Grains.GetGrain<IRedGrain>("red-" + i).WhereAsync());
        }

        RequestContext.Clear();
        await cluster.StopAsync(red);
        var failure = await Assert.ThrowsAsync<OrleansException>(() => cluster.Grains.GetGrain<IRedGrain>("nowhere").WhereAsync());
        Assert.Contains("No active nodes are compatible", failure.Message);
    }

    [Fact]
    public async Task Migration_follows_the_hint_and_carries_state()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var key = "migrate-" + Guid.NewGuid();
        var grain = Life(cluster.Grains, key);
        RequestContext.Set(IPlacementDirector.PlacementHintKey, TestCluster.AddressOf(cluster[0]));
        await grain.SetAsync(42);
        RequestContext.Clear();
        Assert.Equal(TestCluster.AddressOf(cluster[0]).ToParsableString(), await grain.WhereAsync());

        await grain.MoveToAsync(TestCluster.AddressOf(cluster[1]));
        Assert.Equal(TestCluster.AddressOf(cluster[1]).ToParsableString(), await grain.WhereAsync());
        Assert.Equal(42, await grain.GetAsync());
        Assert.Equal(["activate", "deactivate Migrating", "deactivated", "dehydrate", "rehydrate", "activate"], Journal.Of(key));
    }

    [Fact]
    public async Task A_graceful_stop_holds_calls_until_the_grain_is_done()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var key = "drain-" + Guid.NewGuid();
        var grain = Life(cluster.Grains, key);
        var leaving = cluster[1];
        RequestContext.Set(IPlacementDirector.PlacementHintKey, TestCluster.AddressOf(leaving));
        await grain.DrainForAsync(1000);
        RequestContext.Clear();
        var stop = cluster.StopAsync(leaving);
        await TestCluster.Eventually(() => Journal.Of(key).Contains("deactivate ShuttingDown"));
        Assert.Equal(TestCluster.AddressOf(cluster[0]).ToParsableString(), await TestCluster.InsistAsync(grain.WhereAsync));
        await stop;

        // Orleans 10.4 also carries the state over, which 10.2 and the stand-in do only when a grain asks for it.
        Assert.Equal(["activate", "deactivate ShuttingDown", "deactivated", "activate"], Journal.Of(key).Where(x => x is not ("dehydrate" or "rehydrate")));
        await cluster.WaitForSilosAsync(1);
    }

    [Fact]
    public async Task A_killed_silo_loses_its_grains_but_not_its_threads()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        var key = "kill-" + Guid.NewGuid();
        var grain = Life(cluster.Grains, key);
        var victim = cluster[1];
        var address = TestCluster.AddressOf(victim);
        RequestContext.Set(IPlacementDirector.PlacementHintKey, address);
        await grain.StartLoopAsync();
        RequestContext.Clear();
        await grain.SetAsync(5);

        await cluster.KillAsync(victim);

        // A call may fail until the death is known everywhere.
        var where = await TestCluster.InsistAsync(grain.WhereAsync);
        Assert.Equal(TestCluster.AddressOf(cluster[0]).ToParsableString(), where);
        Assert.Equal(0, await grain.GetAsync());
        Assert.DoesNotContain("deactivated", Journal.Of(key));
        var loops = Journal.Of(key).Count(entry => entry == "loop");
        await TestCluster.Eventually(() => Journal.Of(key).Count(entry => entry == "loop") > loops + 2);
        await TestCluster.Eventually(() => cluster[0].Services.GetRequiredService<IClusterMembershipService>().CurrentSnapshot.GetSiloStatus(address) == SiloStatus.Dead);
    }

    [Fact]
    public async Task A_client_calls_from_outside()
    {
        await using var cluster = await TestCluster.StartAsync(2);
        using var client = await cluster.StartClientAsync();
        var grains = client.Services.GetRequiredService<IClusterClient>();
        RequestContext.Set(IPlacementDirector.PlacementHintKey, TestCluster.AddressOf(cluster[1]));
        Assert.Equal(TestCluster.AddressOf(cluster[1]).ToParsableString(), await Life(grains, "from-client").WhereAsync());
        RequestContext.Clear();
        var hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        Assert.Equal(2, hosts.Count);
        await client.StopAsync();
    }

    [Fact]
    public async Task Membership_changes_are_seen_as_they_happen()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        var membership = cluster[0].Services.GetRequiredService<IClusterMembershipService>();
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var updates = membership.MembershipUpdates.GetAsyncEnumerator(enough.Token);
        Assert.True(await updates.MoveNextAsync());
        var second = await cluster.AddSiloAsync();
        await cluster.WaitForSilosAsync(2);
        await ReachAsync(2);
        await cluster.StopAsync(second);
        await ReachAsync(1);
        await updates.DisposeAsync();

        async Task ReachAsync(int active)
        {
            while (updates.Current.Members.Values.Count(member => member.Status == SiloStatus.Active) != active)
            {
                Assert.True(await updates.MoveNextAsync());
            }
        }
    }

    private static ILifeGrain Life(IGrainFactory grains, string key) => grains.GetGrain<ILifeGrain>(key, "Paris.Compat.Orleans.Tests.LifeGrain");
}
