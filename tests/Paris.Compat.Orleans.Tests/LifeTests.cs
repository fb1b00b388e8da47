using Orleans.Runtime;

namespace Paris.Compat.Orleans.Tests;

/// <summary>Activations come, tick and go.</summary>
public sealed class LifeTests(OneSilo silo) : IClassFixture<OneSilo>
{
    [Fact]
    public async Task Deactivation_waits_for_its_call_and_the_next_call_activates_again()
    {
        var grain = silo.Grains.GetGrain<ILifeGrain>("again", "Paris.Compat.Orleans.Tests.LifeGrain");
        var first = await grain.ActivationAsync();
        await grain.DrainForAsync(200);
        await grain.DeactivateAsync();
        Assert.NotEqual(first, await grain.ActivationAsync());
        Assert.Equal(["activate", "deactivate ApplicationRequested", "deactivated", "activate"], Journal.Of("again"));
    }

    [Fact]
    public async Task Timer_ticks_are_turns_of_their_own()
    {
        var grain = silo.Grains.GetGrain<ILifeGrain>("timer", "Paris.Compat.Orleans.Tests.LifeGrain");
        await grain.StartTimerAsync(20, interleave: false);
        await grain.BusyAsync(300);
        await TestCluster.Eventually(() => Journal.Of("timer").Count(entry => entry == "tick") >= 3);
        Assert.DoesNotContain("tick during a call", Journal.Of("timer"));
    }

    [Fact]
    public async Task Interleaving_ticks_pass_calls()
    {
        var grain = silo.Grains.GetGrain<ILifeGrain>("interleaving-timer", "Paris.Compat.Orleans.Tests.LifeGrain");
        await grain.StartTimerAsync(20, interleave: true);
        await grain.BusyAsync(300);
        Assert.Contains("tick during a call", Journal.Of("interleaving-timer"));
    }

    [Fact]
    public async Task A_timer_ends_with_its_activation()
    {
        var grain = silo.Grains.GetGrain<ILifeGrain>("ending-timer", "Paris.Compat.Orleans.Tests.LifeGrain");
        await grain.StartTimerAsync(10, interleave: false);
        await TestCluster.Eventually(() => Journal.Of("ending-timer").Contains("tick"));
        await grain.DeactivateAsync();
        await TestCluster.Eventually(() => Journal.Of("ending-timer").Contains("deactivated"));
        var after = Journal.Of("ending-timer").Length;
        await Task.Delay(150);
        Assert.Equal(after, Journal.Of("ending-timer").Length);
    }

    [Fact]
    public async Task Idle_collection_spares_grains_that_are_kept_alive()
    {
        var idle = silo.Grains.GetGrain<ILifeGrain>("idle", "Paris.Compat.Orleans.Tests.LifeGrain");
        var kept = silo.Grains.GetGrain<IKeptGrain>("kept");
        await idle.SetAsync(1);
        await kept.SetAsync(1);
        await Task.Delay(50);
        await silo.Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);
        await TestCluster.Eventually(() => Journal.Of("idle").Contains("deactivate ActivationIdle"));
        Assert.Equal(0, await idle.GetAsync());
        Assert.Equal(1, await kept.GetAsync());
    }

    [Fact]
    public async Task A_grain_that_cannot_start_fails_its_callers() =>
        await Assert.ThrowsAnyAsync<Exception>(silo.Grains.GetGrain<IBrokenGrain>("broken").PingAsync);

    [Fact]
    public void A_grain_interface_without_a_class_is_refused() =>
        Assert.Throws<ArgumentException>(() => silo.Grains.GetGrain<INobodyGrain>("x"));

    [Fact]
    public async Task Text_of_keys_and_ids()
    {
        var grain = silo.Grains.GetGrain<ILifeGrain>("run/expert/3", "Paris.Compat.Orleans.Tests.LifeGrain");
        Assert.Equal("life/run/expert/3", grain.GetGrainId().ToString());
        Assert.Equal("run/expert/3", grain.GetPrimaryKeyString());
        Assert.Equal(26, silo.Grains.GetGrain<IWorkerGrain>(26).GetPrimaryKeyLong());
        var address = SiloAddress.FromParsableString(await grain.WhereAsync());
        Assert.Equal(TestCluster.AddressOf(silo.Cluster[0]), address);
        Assert.Equal(address, SiloAddress.FromParsableString(address.ToParsableString()));
    }
}

/// <summary>Nothing implements it.</summary>
public interface INobodyGrain : IGrainWithStringKey;
