using System.Collections.Concurrent;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Paris.Compat.Orleans.Tests;

/// <summary>What grains did, by a name that the test chose.</summary>
public static class Journal
{
    private static readonly ConcurrentDictionary<string, ConcurrentQueue<string>> Entries = new();

    public static void Add(string name, string entry) => Entries.GetOrAdd(name, _ => new()).Enqueue(entry);

    public static string[] Of(string name) => Entries.TryGetValue(name, out var entries) ? [.. entries] : [];
}

public interface IEchoGrain : IGrainWithStringKey
{
    Task<object?> EchoAsync(object? value);

    Task<Parcel> EchoParcelAsync(Parcel value);

    Task<Frozen> EchoFrozenAsync(Frozen value);

    Task<bool> IsSameAsync(Parcel first, Parcel second);

    Task KeepAsync(Parcel value);

    ValueTask<Parcel> GetKeptAsync();

    Task<object> UnmarkedResultAsync();

    Task FailAsync(string code);

    Task FailWithPlainAsync();

    Task<string?> ContextAsync(string key);
}

public sealed class EchoGrain : Grain, IEchoGrain
{
    private Parcel? _kept;

    public Task<object?> EchoAsync(object? value) => Task.FromResult(value);

    public Task<Parcel> EchoParcelAsync(Parcel value) => Task.FromResult(value);

    public Task<Frozen> EchoFrozenAsync(Frozen value) => Task.FromResult(value);

    public Task<bool> IsSameAsync(Parcel first, Parcel second) => Task.FromResult(ReferenceEquals(first, second));

    public Task KeepAsync(Parcel value)
    {
        _kept = value;
        return Task.CompletedTask;
    }

    public ValueTask<Parcel> GetKeptAsync() => new(_kept!);

    public Task<object> UnmarkedResultAsync() => Task.FromResult<object>(new Unmarked());

    public Task FailAsync(string code) => throw new CodedException("it failed", code);

    public async Task FailWithPlainAsync()
    {
        await Task.Yield();
        throw new InvalidOperationException("outer", new ArgumentException("inner"));
    }

    public Task<string?> ContextAsync(string key)
    {
        var value = (string?)RequestContext.Get(key);
        RequestContext.Set(key, "changed by the callee");
        return Task.FromResult(value);
    }
}

public interface ITurnGrain : IGrainWithStringKey
{
    /// <summary>Takes 150 ms of waiting in turns; returns how many calls were inside at once.</summary>
    Task<int> SlowAsync();

    [ReadOnly]
    Task<int> ReadAsync();

    [AlwaysInterleave]
    Task<int> InsideAsync();

    [OneWay]
    Task ShoutAsync();

    Task<bool> StaysOnSchedulerAsync();

    Task<bool> LeavesSchedulerAsync();

    Task WaitForeverAsync(CancellationToken cancellationToken);

    [ResponseTimeout("00:00:01")]
    Task TooSlowAsync();

    Task<string> CallOtherAsync(string key);
}

public sealed class TurnGrain : Grain, ITurnGrain
{
    private int _inside;
    private int _most;

    public async Task<int> SlowAsync()
    {
        _most = Math.Max(_most, ++_inside);
        await Task.Delay(150);
        _inside--;
        return _most;
    }

    public async Task<int> ReadAsync()
    {
        var inside = ++_inside;
        await Task.Delay(150);
        _inside--;
        return inside;
    }

    public Task<int> InsideAsync() => Task.FromResult(_inside);

    public async Task ShoutAsync()
    {
        await Task.Delay(300);
        Journal.Add(this.GetPrimaryKeyString(), "shouted");
    }

    public async Task<bool> StaysOnSchedulerAsync()
    {
        var scheduler = TaskScheduler.Current;
        await Task.Delay(10);
        var after = TaskScheduler.Current;
        await Task.Run(() => { });
        return scheduler != TaskScheduler.Default && scheduler == after && scheduler == TaskScheduler.Current;
    }

    public Task<bool> LeavesSchedulerAsync() => Task.Run(() => TaskScheduler.Current == TaskScheduler.Default);

    public async Task WaitForeverAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString();
        Journal.Add(key, "waiting");
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            Journal.Add(key, cancellationToken.IsCancellationRequested ? "cancelled" : "ended");
        }
    }

    public Task TooSlowAsync() => Task.Delay(3000);

    public async Task<string> CallOtherAsync(string key)
    {
        RequestContext.Set("caller", this.GetPrimaryKeyString());
        return await GrainFactory.GetGrain<IEchoGrain>(key).ContextAsync("caller") ?? "";
    }
}

public interface ILifeGrain : IGrainWithStringKey
{
    Task<string> WhereAsync();

    Task<string> ActivationAsync();

    Task StartTimerAsync(double milliseconds, bool interleave);

    Task BusyAsync(double milliseconds);

    Task SetAsync(int value);

    Task<int> GetAsync();

    Task DeactivateAsync();

    Task MoveToAsync(SiloAddress silo);

    /// <summary>OnDeactivateAsync will take this long.</summary>
    Task DrainForAsync(double milliseconds);

    Task StartLoopAsync();
}

/// <summary>Tells the journal of its life.</summary>
public class LifeGrain(ILocalSiloDetails silo) : Grain, ILifeGrain, IGrainMigrationParticipant
{
    private readonly string _activation = Guid.NewGuid().ToString("N");
    private int _value;
    private double _drain;
    private bool _busy;

    private string Key => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Journal.Add(Key, "activate");
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Journal.Add(Key, "deactivate " + reason.ReasonCode);
        await Task.Delay(TimeSpan.FromMilliseconds(_drain), cancellationToken);
        Journal.Add(Key, "deactivated");
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        Journal.Add(Key, "dehydrate");
        dehydrationContext.TryAddValue("value", _value);
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        Journal.Add(Key, "rehydrate");
        rehydrationContext.TryGetValue("value", out _value);
    }

    public Task<string> WhereAsync() => Task.FromResult(silo.SiloAddress.ToParsableString());

    public Task<string> ActivationAsync() => Task.FromResult(_activation);

    public Task StartTimerAsync(double milliseconds, bool interleave)
    {
        var period = TimeSpan.FromMilliseconds(milliseconds);
        this.RegisterGrainTimer(
            async token =>
            {
                Journal.Add(Key, _busy ? "tick during a call" : "tick");
                await Task.Delay(1, token);
            },
            new GrainTimerCreationOptions { DueTime = period, Period = period, Interleave = interleave });
        return Task.CompletedTask;
    }

    public async Task BusyAsync(double milliseconds)
    {
        _busy = true;
        await Task.Delay(TimeSpan.FromMilliseconds(milliseconds));
        _busy = false;
    }

    public Task SetAsync(int value)
    {
        _value = value;
        return Task.CompletedTask;
    }

    public Task<int> GetAsync() => Task.FromResult(_value);

    public Task DeactivateAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task MoveToAsync(SiloAddress silo)
    {
        RequestContext.Set(global::Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey, silo);
        this.MigrateOnIdle();
        RequestContext.Remove(global::Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey);
        return Task.CompletedTask;
    }

    public Task DrainForAsync(double milliseconds)
    {
        _drain = milliseconds;
        return Task.CompletedTask;
    }

    public Task StartLoopAsync()
    {
        var key = Key;
        _ = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                Journal.Add(key, "loop");
                await Task.Delay(50);
            }
        });
        return Task.CompletedTask;
    }
}

public interface IKeptGrain : ILifeGrain;

[KeepAlive]
public sealed class KeptGrain(ILocalSiloDetails silo) : LifeGrain(silo), IKeptGrain;

public interface IRedGrain : IGrainWithStringKey
{
    Task<string> WhereAsync();
}

[NeedsColour("red")]
public sealed class RedGrain(ILocalSiloDetails silo) : Grain, IRedGrain
{
    public Task<string> WhereAsync() => Task.FromResult(silo.SiloAddress.ToParsableString());
}

public interface IWorkerGrain : IGrainWithIntegerKey
{
    Task<string> WorkAsync();
}

[StatelessWorker(4)]
public sealed class WorkerGrain : Grain, IWorkerGrain
{
    private readonly string _activation = Guid.NewGuid().ToString("N");

    public async Task<string> WorkAsync()
    {
        await Task.Delay(100);
        return _activation;
    }
}

public interface IBrokenGrain : IGrainWithStringKey
{
    Task PingAsync();
}

public sealed class BrokenGrain : Grain, IBrokenGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("cannot start");

    public Task PingAsync() => Task.CompletedTask;
}

public interface IProbeGrain : IGrainWithGuidKey
{
    Task<string> WhereAsync();
}

public sealed class ProbeGrain(ILocalSiloDetails silo) : Grain, IProbeGrain
{
    public Task<string> WhereAsync() => Task.FromResult(silo.SiloAddress.ToParsableString());
}
