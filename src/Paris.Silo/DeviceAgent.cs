using Paris.Core.Faults;
using Paris.Core.Random;
using Paris.Silo.Devices;
using Paris.Silo.Workers;

namespace Paris.Silo;

/// <summary>
/// Owns the slots of this node and the workers on them (DESIGN section 6): starts one process a job, tells each job's grain about its
/// worker at most once a second (<see cref="ReportPace"/>), tells the scheduler about the slots every two seconds and on every change, and ticks
/// the supervisor; both at once when a silo comes or goes.
/// </summary>
public sealed class DeviceAgent : IHostedLifecycleService, IDeviceAgent, ISiloStatusListener, IDisposable
{
    /// <summary>Time between two attempts to tell of a worker's end.</summary>
    private static readonly TimeSpan _tellAgain = TimeSpan.FromSeconds(1);

    /// <summary>How often the end of a worker is told again when its grain cannot be reached.</summary>
    private const int EndAttempts = 15;

    private readonly SiloSettings _settings;
    private readonly IGrainFactory _grains;
    private readonly ILocalSiloDetails _silo;
    private readonly ISiloStatusOracle _members;
    private readonly ParisInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly ILogger<DeviceAgent> _logger;
    private readonly ISlotDetector _detector;
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, WorkerProcess?> _workers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _slotsChanged = new(0);
    private readonly SemaphoreSlim _membersChanged = new(0);
    private readonly List<Task> _telling = [];
    private IReadOnlyList<SlotDefinition> _slots = [];
    private IReadOnlyList<string> _command = [];
    private Task _loops = Task.CompletedTask;
    private bool _draining;
    private long _reportedAt;

    public DeviceAgent(
        SiloSettings settings,
        ISlotDetector detector,
        IGrainFactory grains,
        ILocalSiloDetails silo,
        ISiloStatusOracle members,
        ParisInstruments instruments,
        TimeProvider time,
        ILogger<DeviceAgent> logger)
    {
        (_settings, _detector, _grains, _silo) = (settings, detector, grains, silo);
        (_members, _instruments, _time, _logger) = (members, instruments, time, logger);
    }

    public string Silo => _settings.Name;

    public string Address => _silo.SiloAddress.ToParsableString();

    /// <summary>Processes of the running workers by their jobs' keys.</summary>
    internal IReadOnlyDictionary<string, int> Workers
    {
        get
        {
            lock (_gate)
            {
                return _workers.Values.OfType<WorkerProcess>().Where(x => x.ProcessId is not null).ToDictionary(x => x.Job.Key, x => x.ProcessId!.Value);
            }
        }
    }

    private int Running
    {
        get
        {
            lock (_gate)
            {
                return _workers.Values.Count(x => x is not null);
            }
        }
    }

    /// <summary>True once the silo is asked to stop.</summary>
    public bool Draining
    {
        get
        {
            lock (_gate)
            {
                return _draining;
            }
        }
    }

    /// <summary>Time since the scheduler last took a report of this silo; null before the first.</summary>
    public TimeSpan? SinceReport => Interlocked.Read(ref _reportedAt) is var at and not 0 ? _time.GetElapsedTime(at) : null;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _slots = _detector.Detect();
        lock (_gate)
        {
            foreach (var slot in _slots)
            {
                _workers[slot.Id] = null;
            }
        }

        if (_slots.Count > 0)
        {
            _command = WorkerCommandLine.Resolve(_settings);
        }

        AgentLog.Slots(_logger, Silo, _slots.Count, string.Join(", ", _slots.Select(x => x.Device).Distinct()));
        AppDomain.CurrentDomain.ProcessExit += KillAll;
        _members.SubscribeToSiloStatusEvents(this);
        _loops = Task.WhenAll(Task.Run(ReportSlotsAsync, CancellationToken.None), Task.Run(TickAsync, CancellationToken.None));
        return Task.CompletedTask;
    }

    /// <summary>
    /// Drains: nothing new starts, every worker commits and stops, their jobs are told and start elsewhere. Before anything of this
    /// process stops, so that the silo is whole and its HTTP port answers meanwhile.
    /// </summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        WorkerProcess[] running;
        lock (_gate)
        {
            _draining = true;
            running = [.. _workers.Values.OfType<WorkerProcess>()];
        }

        if (running.Length > 0 && !cancellationToken.IsCancellationRequested)
        {
            AgentLog.Drains(_logger, Silo, running.Length);
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var worker in running)
            {
                worker.Stop("the silo drains", _settings.StopGrace);
            }

            await ReportSlotsOnceAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            await Task.WhenAll(running.Select(x => x.Ended)).WaitAsync(cancellationToken).ConfigureAwait(false);
            Task[] telling;
            lock (_gate)
            {
                telling = [.. _telling];
            }

            await Task.WhenAll(telling).WaitAsync(TimeSpan.FromSeconds(5), _time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or TimeoutException)
        {
            // No time left: what is committed is committed.
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _members.UnSubscribeFromSiloStatusEvents(this);
        await _over.CancelAsync().ConfigureAwait(false);
        KillAll(this, EventArgs.Empty);
        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        if (!cancellationToken.IsCancellationRequested)
        {
            await _loops.ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _over.Cancel();
        KillAll(this, EventArgs.Empty);
    }

    public bool TryStart(string slot, JobId job, string claim, int split)
    {
        FaultPoints.Hit(FaultPoint.AgentTryStart, job.Key);
        WorkerProcess worker;
        lock (_gate)
        {
            // Orleans leaves a silo that was declared dead two seconds before it ends the process.
            if (_draining || _over.IsCancellationRequested || _members.CurrentStatus == SiloStatus.Dead
                || !_workers.TryGetValue(slot, out var busy) || busy is not null
                || _workers.Values.Any(x => x?.Job == job))
            {
                return false;
            }

            worker = new WorkerProcess(_slots.First(x => x.Id == slot), job, claim, Silo, _settings.Watchdog, _instruments, _time, _logger);
            _workers[slot] = worker;
            _telling.RemoveAll(x => x.IsCompleted);
            _telling.Add(Task.Run(() => TellAsync(worker)));
        }

        AgentLog.WorkerStarts(_logger, job.Key, slot);
        worker.Start(_command, new StartCommand(WorkerProtocol.Version, job, _settings.Store, Silo, claim, _settings.Threads, _settings.AllowedSources, split));
        SlotsChanged();
        return true;
    }

    public LocalWorker? Find(JobId job)
    {
        lock (_gate)
        {
            return _workers.Values.FirstOrDefault(x => x?.Job == job) is { } worker ? new LocalWorker(worker.Slot.Id, worker.Claim, worker.Epoch) : null;
        }
    }

    public void RequestStop(JobId job, string reason)
    {
        WorkerProcess? worker;
        lock (_gate)
        {
            worker = _workers.Values.FirstOrDefault(x => x?.Job == job);
        }

        worker?.Stop(reason, _settings.StopGrace);
    }

    /// <summary>Tells the job's grain about its worker until it has heard of its end.</summary>
    private async Task TellAsync(WorkerProcess worker)
    {
        using var changed = new SemaphoreSlim(0, 1);
        worker.Changed += Changed;
        var grain = _grains.GetJob(worker.Job);
        var epoch = 0;
        while (!worker.Ended.IsCompleted)
        {
            await Task.WhenAny(changed.WaitAsync(_settings.ReportPeriod, _over.Token), worker.Ended).ConfigureAwait(false);
            if (_over.IsCancellationRequested)
            {
                return;
            }

            if (worker.Ended.IsCompleted)
            {
                break;
            }

            await TellOnceAsync(grain, worker).ConfigureAwait(false);
            if (worker.Epoch != epoch)
            {
                epoch = worker.Epoch;
                SlotsChanged();
            }

            await Task.WhenAny(Task.Delay(ReportPace.Between(Running), _time, _over.Token), worker.Ended).ConfigureAwait(false);
        }

        worker.Changed -= Changed;
        lock (_gate)
        {
            _workers[worker.Slot.Id] = null;
        }

        _instruments.Silence(JobTags.Of(worker.Job, Silo), 0);

        // The scheduler first: when the job asks again, its old slot is free.
        await ReportSlotsOnceAsync().ConfigureAwait(false);
        await TellEndAsync(grain, worker).ConfigureAwait(false);

        void Changed()
        {
            try
            {
                if (changed.CurrentCount == 0)
                {
                    changed.Release();
                }
            }
            catch (Exception exception) when (exception is SemaphoreFullException or ObjectDisposedException)
            {
                // Two events at once, or one after the end: one signal is enough.
            }
        }
    }

    private async Task TellOnceAsync(IJobGrain grain, WorkerProcess worker)
    {
        try
        {
            await FaultPoints.HitAsync(FaultPoint.ReportLost, worker.Job.Key).ConfigureAwait(false);
            var report = worker.Report(Address, out var losses);
            var reply = await grain.ReportAsync(report).ConfigureAwait(false);
            worker.Acknowledge(losses);
            worker.Order = reply.Order ?? worker.Order;
            if (reply.StopReason.Length > 0)
            {
                worker.Stop(reply.StopReason, _settings.StopGrace);
            }
        }
        catch (Exception exception)
        {
            AgentLog.ReportLost(_logger, worker.Job.Key, exception);
        }
    }

    private async Task TellEndAsync(IJobGrain grain, WorkerProcess worker)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await FaultPoints.HitAsync(FaultPoint.ReportLost, worker.Job.Key).ConfigureAwait(false);
                await grain.ReportAsync(worker.Report(Address, out _)).ConfigureAwait(false);
                return;
            }
            catch (Exception exception)
            {
                if (attempt == EndAttempts || _over.IsCancellationRequested)
                {
                    AgentLog.EndLost(_logger, worker.Job.Key, exception);
                    return;
                }

                AgentLog.ReportLost(_logger, worker.Job.Key, exception);
            }

            try
            {
                await Task.Delay(_tellAgain, _time, _over.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>A fresh scheduler need not wait for the next report, and lost jobs not for the next tick.</summary>
    void ISiloStatusListener.SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status is SiloStatus.Active or SiloStatus.Dead)
        {
            SlotsChanged();
            Signal(_membersChanged);
        }
    }

    private void SlotsChanged() => Signal(_slotsChanged);

    private static void Signal(SemaphoreSlim changed)
    {
        if (changed.CurrentCount == 0)
        {
            changed.Release();
        }
    }

    private async Task ReportSlotsAsync()
    {
        try
        {
            for (var turn = 0; !_over.IsCancellationRequested; turn++)
            {
                await ReportSlotsOnceAsync().ConfigureAwait(false);
                await _slotsChanged.WaitAsync(Jittered(turn), _over.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async Task ReportSlotsOnceAsync()
    {
        SiloStatusReport report;
        lock (_gate)
        {
            foreach (var worker in _workers.Values.OfType<WorkerProcess>())
            {
                _instruments.Silence(JobTags.Of(worker.Job, Silo), worker.Age);
            }

            report = new SiloStatusReport
            {
                Silo = Silo,
                Address = Address,
                Draining = _draining,
                Slots = [.. _slots.Select(x => _workers[x.Id] is { } worker
                    ? new SlotStatus { Slot = x.Id, Device = x.Device, Facts = Orders.Of(x.Facts), Job = worker.Job.Key, Epoch = worker.Epoch, Claim = worker.Claim, Age = worker.Age, Order = worker.Order, Work = worker.Progress() }
                    : new SlotStatus { Slot = x.Id, Device = x.Device, Facts = Orders.Of(x.Facts) })],
            };
        }

        var used = report.Slots.Count(x => x.Job.Length > 0);
        _instruments.Slots(Silo, report.Slots.Length - used, used);
        _instruments.DeletionCost(Silo, Orders.Of(report).DeletionCost);
        try
        {
            await _grains.Scheduler().ReportAsync(report).ConfigureAwait(false);
            Interlocked.Exchange(ref _reportedAt, _time.GetTimestamp());
        }
        catch (Exception exception)
        {
            AgentLog.ReportLost(_logger, "the scheduler", exception);
        }
    }

    private async Task TickAsync()
    {
        try
        {
            for (var turn = 0; !_over.IsCancellationRequested; turn++)
            {
                try
                {
                    await _grains.Supervisor().TickAsync(Silo).ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    AgentLog.ReportLost(_logger, "the supervisor", exception);
                }

                await _membersChanged.WaitAsync(Jittered(turn), _over.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    /// <summary>The report period times a factor in [0.75, 1.25), so that silos that started together do not stay together.</summary>
    private TimeSpan Jittered(int turn)
    {
        var seed = Silo.Aggregate(14695981039346656037UL, (hash, c) => (hash ^ c) * 1099511628211UL);
        return _settings.ReportPeriod * (0.75 + (0.5 * new PhiloxKey(seed, RandomPurpose.Simulation).AtStep(turn).UniformAt(0)));
    }

    private void KillAll(object? sender, EventArgs e)
    {
        WorkerProcess[] running;
        lock (_gate)
        {
            running = [.. _workers.Values.OfType<WorkerProcess>()];
        }

        foreach (var worker in running)
        {
            worker.Kill();
        }
    }
}
