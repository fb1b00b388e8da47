using Orleans.Runtime;

namespace Paris.Compat.Orleans.Tests;

/// <summary>One call at a time, and what may pass.</summary>
public sealed class TurnTests(OneSilo silo) : IClassFixture<OneSilo>
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    public async Task Calls_run_one_at_a_time()
    {
        var grain = Grain("one-at-a-time");
        var most = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => grain.SlowAsync()));
        Assert.Equal(1, most.Max());
    }

    [Fact]
    public async Task Read_only_calls_share_the_grain_with_each_other()
    {
        var grain = Grain("read-only");
        Assert.Equal(3, (await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => grain.ReadAsync()))).Max());
        var slow = grain.SlowAsync();
        var read = await grain.ReadAsync();
        await slow;
        Assert.Equal(1, read);
    }

    [Fact]
    public async Task An_interleaving_call_passes_those_that_run_and_those_that_wait()
    {
        var grain = Grain("interleave");
        Assert.Equal(0, await grain.InsideAsync());
        var slow = new[] { grain.SlowAsync(), grain.SlowAsync() };
        await Task.Delay(50);
        Assert.Equal(1, await grain.InsideAsync());
        Assert.False(slow[1].IsCompleted);
        await Task.WhenAll(slow);
    }

    [Fact]
    public async Task Continuations_stay_on_the_activation()
    {
        Assert.True(await Grain("scheduler").StaysOnSchedulerAsync());
        Assert.True(await Grain("scheduler").LeavesSchedulerAsync());
    }

    [Fact]
    public async Task A_one_way_call_returns_at_once()
    {
        var grain = Grain("one-way");
        await grain.ShoutAsync();
        Assert.Empty(Journal.Of("one-way"));
        await TestCluster.Eventually(() => Journal.Of("one-way").Length == 1);
    }

    [Fact]
    public async Task The_request_context_flows_with_calls_and_not_back()
    {
        RequestContext.Set("who", "test");
        Ambient.Value = "not seen";
        Assert.Equal("test", await silo.Grains.GetGrain<IEchoGrain>("context").ContextAsync("who"));
        Assert.Equal("test", RequestContext.Get("who"));
        Assert.Equal("chain", await Grain("chain").CallOtherAsync("context"));
        Assert.Null(RequestContext.Get("caller"));
        RequestContext.Clear();
        Assert.Null(await silo.Grains.GetGrain<IEchoGrain>("context").ContextAsync("who"));
    }

    [Fact]
    public async Task Cancelling_reaches_the_callee_and_frees_the_caller()
    {
        using var source = new CancellationTokenSource();
        var call = Grain("cancel").WaitForeverAsync(source.Token);
        await TestCluster.Eventually(() => Journal.Of("cancel").Contains("waiting"));
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await TestCluster.Eventually(() => Journal.Of("cancel").Contains("cancelled"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Grain("never").WaitForeverAsync(source.Token));
        Assert.Empty(Journal.Of("never"));
    }

    [Fact]
    public async Task A_late_answer_is_a_timeout() =>
        await Assert.ThrowsAsync<TimeoutException>(Grain("timeout").TooSlowAsync);

    [Fact]
    public async Task Stateless_workers_share_the_load()
    {
        var grain = silo.Grains.GetGrain<IWorkerGrain>(0);
        var activations = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => grain.WorkAsync()));
        Assert.InRange(activations.Distinct().Count(), 2, 4);
    }

    private ITurnGrain Grain(string key) => silo.Grains.GetGrain<ITurnGrain>(key);
}
