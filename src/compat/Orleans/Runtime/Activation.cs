using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

internal enum ActivationState
{
    Activating,
    Valid,
    Deactivating,
    Invalid,
}

/// <summary>
/// One grain object on one silo with its queue of requests. Requests run one at a time unless the method or class says otherwise;
/// while it comes or goes they wait, and what waits when it is gone goes to the next activation.
/// </summary>
internal sealed class Activation : IGrainContext
{
    private readonly Lock _lock = new();
    private readonly List<Message> _waiting = [];
    private readonly List<Message> _running = [];
    private readonly List<GrainTimer> _timers = [];
    private readonly ActivationScheduler _scheduler;
    private readonly IServiceScope _scope;
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, object>? _activationContext;
    private readonly MigrationContext? _rehydrate;
    private long _lastUse;
    private long _keepAliveUntil = long.MinValue;
    private bool _activated;
    private bool _busyWithLifecycle;
    private bool _migrate;
    private Dictionary<string, object>? _migrationContext;
    private DeactivationReason _reason;
    private CancellationTokenSource? _deactivationTimeout;

    [ThreadStatic]
    private static Activation? _current;

    public Activation(GrainId id, GrainClass grainClass, InProcessSilo silo, Dictionary<string, object>? context, MigrationContext? rehydrate)
    {
        GrainId = id;
        Class = grainClass;
        Silo = silo;
        _activationContext = context;
        _rehydrate = rehydrate;
        _scheduler = new ActivationScheduler(this);
        _scope = silo.Services.CreateScope();
        _lastUse = silo.Time.GetTimestamp();
        GrainReference = (GrainReference)GrainReference.Create(typeof(IGrain), id, silo.Client);
    }

    /// <summary>The activation whose turn this thread runs.</summary>
    public static Activation? Current
    {
        get => _current;
        set => _current = value;
    }

    public GrainId GrainId { get; }

    public GrainClass Class { get; }

    public InProcessSilo Silo { get; }

    public ActivationId ActivationId { get; } = ActivationId.NewId();

    public GrainReference GrainReference { get; }

    public object? GrainInstance { get; private set; }

    public IServiceProvider ActivationServices => _scope.ServiceProvider;

    public Task Deactivated => _deactivated.Task;

    public ActivationState State { get; private set; } = ActivationState.Activating;

    public int Load
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count + _running.Count;
            }
        }
    }

    private ILogger Logger => Silo.Logger;

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => ActivationId.GetHashCode();

    public override string ToString() => $"[{GrainId} {ActivationId} on {Silo.Address}]";

    /// <summary>Creates the grain and calls <c>OnActivateAsync</c>.</summary>
    public void Start() => _scheduler.Run(ActivateAsync);

    /// <returns>False when the activation is gone and the request must find another.</returns>
    public bool TryReceive(Message message)
    {
        lock (_lock)
        {
            if (State == ActivationState.Invalid)
            {
                return false;
            }

            _waiting.Add(message);
        }

        Pump();
        return true;
    }

    /// <summary>Runs <paramref name="work"/> between the turns of requests.</summary>
    public void RunInterleaved(Func<Task> work) => _scheduler.Run(work);

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (State is ActivationState.Invalid or ActivationState.Deactivating)
            {
                return;
            }

            State = ActivationState.Deactivating;
            _reason = deactivationReason;
            _deactivationTimeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _deactivationTimeout.CancelAfter(Silo.Collection.DeactivationTimeout);
        }

        Pump();
    }

    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (State == ActivationState.Invalid || _migrate)
            {
                return;
            }

            _migrate = true;
            _migrationContext = requestContext;
        }

        Deactivate(new(DeactivationReasonCode.Migrating, "Migrating to a new location."), cancellationToken);
    }

    public void DelayDeactivation(TimeSpan timeSpan)
    {
        lock (_lock)
        {
            _keepAliveUntil = timeSpan <= TimeSpan.Zero ? long.MinValue
                : timeSpan == TimeSpan.MaxValue || timeSpan.TotalDays > 10_000 ? long.MaxValue
                : Silo.Time.GetTimestamp() + (long)(timeSpan.TotalSeconds * Silo.Time.TimestampFrequency);
        }
    }

    /// <summary>Idle collection.</summary>
    public void DeactivateIfIdle(TimeSpan age)
    {
        lock (_lock)
        {
            if (State != ActivationState.Valid || Class.KeepAlive || _running.Count > 0 || _waiting.Count > 0
                || _keepAliveUntil > Silo.Time.GetTimestamp() || Silo.Time.GetElapsedTime(_lastUse) < age)
            {
                return;
            }
        }

        Deactivate(new(DeactivationReasonCode.ActivationIdle, "Activation exceeded idle timeout."));
    }

    public void AddTimer(GrainTimer timer)
    {
        lock (_lock)
        {
            if (State == ActivationState.Invalid)
            {
                throw new ObjectDisposedException(ToString(), "This activation is gone; it can hold no timer.");
            }

            _timers.Add(timer);
        }
    }

    public void RemoveTimer(GrainTimer timer)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
        }
    }

    /// <summary>Drops the activation without asking it: its silo is gone. Its background work is not reached by this.</summary>
    /// <param name="fault">What callers of requests that were running here see; null forwards what waits.</param>
    public void Abandon(Exception? fault)
    {
        Message[] running;
        lock (_lock)
        {
            if (State == ActivationState.Invalid)
            {
                return;
            }

            State = ActivationState.Invalid;
            running = [.. _running];
        }

        if (fault is not null)
        {
            foreach (var message in running)
            {
                message.Completion.TrySetException(fault);
            }
        }

        Release(fault);
    }

    private static bool MayInterleave(Message message, Message with) =>
        message.AlwaysInterleave || (message.ReadOnly && with.ReadOnly);

    private void Pump()
    {
        List<Message>? starting = null;
        var finish = false;
        lock (_lock)
        {
            if (State == ActivationState.Valid)
            {
                for (var i = 0; i < _waiting.Count; i++)
                {
                    var message = _waiting[i];
                    if (message.Abandoned)
                    {
                        _waiting.RemoveAt(i--);
                    }
                    else if (Class.Reentrant || _running.TrueForAll(running => MayInterleave(message, running)))
                    {
                        _waiting.RemoveAt(i--);
                        _running.Add(message);
                        (starting ??= []).Add(message);
                        Touch(message);
                    }
                }
            }
            else if (State == ActivationState.Deactivating && _running.Count == 0 && !_busyWithLifecycle && _activated)
            {
                finish = _busyWithLifecycle = true;
            }
        }

        foreach (var message in starting ?? [])
        {
            _scheduler.Run(() => ExecuteAsync(message));
        }

        if (finish)
        {
            _scheduler.Run(FinishDeactivatingAsync);
        }
    }

    private void Touch(Message message)
    {
        if (message.KeepsAlive)
        {
            _lastUse = Silo.Time.GetTimestamp();
        }
    }

    private async Task ActivateAsync()
    {
        Exception? failure = null;
        RequestContext.Import(_activationContext);
        try
        {
            using var timeout = new CancellationTokenSource(Silo.Collection.ActivationTimeout);
            GrainInstance = ActivatorUtilities.CreateInstance(_scope.ServiceProvider, Class.Class);
            if (_rehydrate is not null)
            {
                (GrainInstance as IGrainMigrationParticipant)?.OnRehydrate(_rehydrate);
            }

            await ((IGrainBase)GrainInstance).OnActivateAsync(timeout.Token).WaitAsync(timeout.Token);
        }
        catch (Exception exception)
        {
            failure = exception;
            Logger.LogError(exception, "Activation of grain {Grain} failed", this);
        }

        if (failure is not null)
        {
            lock (_lock)
            {
                State = ActivationState.Invalid;
            }

            Release(DeepCopier.CopyException(failure));
            return;
        }

        lock (_lock)
        {
            _activated = true;
            if (State == ActivationState.Activating)
            {
                State = ActivationState.Valid;
            }
        }

        Pump();
    }

    private async Task ExecuteAsync(Message message)
    {
        object? result = null;
        Exception? failure = null;
        RequestContext.Import(message.RequestContext);
        using (var activity = StartActivity(message))
        {
            try
            {
                if (message.Tick is { } tick)
                {
                    await tick();
                }
                else
                {
                    result = await message.Method!.InvokeAsync(GrainInstance!, message.Arguments);
                    result = message.Method.ImmutableReturn ? result : DeepCopier.CopyObject(result);
                }
            }
            catch (Exception exception)
            {
                failure = DeepCopier.CopyException(exception);
                activity?.SetStatus(ActivityStatusCode.Error, exception.Message);
            }
        }

        lock (_lock)
        {
            _running.Remove(message);
            Touch(message);
        }

        if (failure is null)
        {
            message.Completion.TrySetResult(result);
        }
        else if (!message.Completion.TrySetException(failure) && message.Method is { OneWay: true })
        {
            Logger.LogWarning(failure, "One-way call {Message} failed", message);
        }

        Pump();
    }

    private Activity? StartActivity(Message message) =>
        message.Method is not null && Silo.Propagation is not null
            ? ActivityPropagation.Source.StartActivity(message.Method.Name, ActivityKind.Server, message.Activity ?? default)
            : null;

    private async Task FinishDeactivatingAsync()
    {
        DisposeTimers();
        var token = _deactivationTimeout!.Token;
        var failed = false;
        try
        {
            if (!token.IsCancellationRequested)
            {
                await ((IGrainBase)GrainInstance!).OnDeactivateAsync(_reason, token).WaitAsync(token);
            }
        }
        catch (Exception exception)
        {
            failed = true;
            Logger.LogError(exception, "OnDeactivateAsync of {Grain} failed", this);
        }

        if (_migrate && !failed && !token.IsCancellationRequested)
        {
            await MigrateAsync();
        }

        lock (_lock)
        {
            if (State == ActivationState.Invalid)
            {
                return;
            }

            State = ActivationState.Invalid;
        }

        Release(null);
    }

    private async Task MigrateAsync()
    {
        try
        {
            RequestContext.Import(_migrationContext);
            var silo = await Silo.PlaceAsync(GrainId, Class, GrainClass.InterfaceTypeOf(typeof(IGrain)), _migrationContext);
            if (silo == Silo)
            {
                return;
            }

            var context = new MigrationContext();
            (GrainInstance as IGrainMigrationParticipant)?.OnDehydrate(context);
            if (Silo.Cluster.Replace(this, silo, () => new Activation(GrainId, Class, silo, _migrationContext, context), out var next))
            {
                silo.Host(next!);
                next!.Start();
            }
        }
        catch (Exception exception)
        {
            Logger.LogError(exception, "Migration of {Grain} failed", this);
        }
    }

    private void DisposeTimers()
    {
        GrainTimer[] timers;
        lock (_lock)
        {
            timers = [.. _timers];
        }

        foreach (var timer in timers)
        {
            timer.Dispose();
        }
    }

    /// <summary>The end: out of the directory, waiting requests forwarded (or failed), the grain disposed.</summary>
    private void Release(Exception? fault)
    {
        DisposeTimers();
        Silo.Cluster.Unregister(this);
        Silo.Forget(this);
        Message[] waiting;
        lock (_lock)
        {
            waiting = [.. _waiting.Where(message => message.Tick is null)];
            _waiting.Clear();
        }

        foreach (var message in waiting)
        {
            if (fault is not null)
            {
                message.Completion.TrySetException(fault);
            }
            else
            {
                InProcessClient.Forward(message, Silo);
            }
        }

        _scheduler.Run(async () =>
        {
            try
            {
                if (GrainInstance is IAsyncDisposable asynchronous)
                {
                    await asynchronous.DisposeAsync();
                }
                else
                {
                    (GrainInstance as IDisposable)?.Dispose();
                }

                _scope.Dispose();
            }
            catch (Exception exception)
            {
                Logger.LogWarning(exception, "Disposing {Grain} failed", this);
            }

            _deactivated.TrySetResult();
        });
    }
}
