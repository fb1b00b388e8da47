using Microsoft.Extensions.Logging;

namespace Paris.Grains;

/// <summary>
/// Thin over <see cref="ReservationPolicy"/>, <see cref="Rebalancer"/> and <see cref="ScaleAdvisor"/>: maps messages, tells granted jobs
/// to ask again and rebalanced ones to move, keeps the clock going.
/// </summary>
[KeepAlive]
public sealed class DeviceSchedulerGrain(
    ISiloStatusOracle silos,
    IBlobStore store,
    SchedulingOptions scheduling,
    RebalanceOptions rebalancing,
    ParisInstruments instruments,
    TimeProvider time,
    ILogger<DeviceSchedulerGrain> logger) : Grain, IDeviceSchedulerGrain
{
    private readonly ReservationPolicy _policy = new(time, scheduling);
    private readonly Rebalancer _rebalancer = new(time, rebalancing);
    private SchedulerSettings? _settings;
    private string? _etag;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(
            async _ =>
            {
                LookAtMembers();
                Wake(_policy.Tick());
                await MoveWhatPaysAsync();
            },
            new GrainTimerCreationOptions { DueTime = TimeSpan.FromSeconds(1), Period = TimeSpan.FromSeconds(1) });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // The queue is counted where the next activation lives.
        instruments.Queued(0);
        return Task.CompletedTask;
    }

    public Task ReportAsync(SiloStatusReport report)
    {
        LookAtMembers();
        if (silos.IsDead(report.Address))
        {
            // Said before it was declared dead, or by a silo that does not know yet.
            return Task.CompletedTask;
        }

        Wake(_policy.Report(Orders.Of(report)));
        return Task.CompletedTask;
    }

    public Task<ReserveReply> ReserveAsync(ReserveRequest request)
    {
        LookAtMembers();
        var decision = _policy.Reserve(Orders.Of(request.Order, request.Job), request.Home, request.EndedClaim);
        instruments.Queued(_policy.QueueLength);
        return Task.FromResult(decision switch
        {
            { Granted: { } granted } => new ReserveReply
            {
                Outcome = ReserveOutcome.Granted,
                Reservation = granted.Id,
                Silo = granted.Silo,
                Address = granted.Address,
                Slot = granted.Slot,
            },
            { Running: { } running } => new ReserveReply
            {
                Outcome = ReserveOutcome.Running,
                Silo = running.Silo.Silo,
                Address = running.Silo.Address,
                Slot = running.Slot.Slot,
                Claim = running.Slot.Claim,
                Epoch = running.Slot.Epoch,
            },
            _ => new ReserveReply { Outcome = ReserveOutcome.Queued, Position = decision.Position, Message = decision.Message },
        });
    }

    public Task ReleaseAsync(string job, string reservation)
    {
        // An old reservation that was given back late must not take the new one away.
        if (reservation.Length == 0 || _policy.Reservations.All(x => x.Job != job || x.Id == reservation))
        {
            Wake(_policy.Release(job));
        }

        return Task.CompletedTask;
    }

    public Task<MoveReply> MoveAsync(MoveRequest request)
    {
        var decision = _policy.Move(Orders.Of(request.Order, request.Job), request.Silo, request.Slot);
        return Task.FromResult(new MoveReply
        {
            Refusal = decision.Refusal,
            Message = decision.Message,
            Reservation = decision.Granted?.Id ?? "",
            Silo = decision.Granted?.Silo ?? "",
            Address = decision.Granted?.Address ?? "",
            Slot = decision.Granted?.Slot ?? "",
        });
    }

    public Task<ClusterStatus> GetStatusAsync() => Task.FromResult(new ClusterStatus
    {
        Settled = _policy.Settled,
        Queue = [.. _policy.Queue],
        Reserved = [.. _policy.Reservations.Select(x => x.Job)],
        Silos = [.. _policy.Table.Silos.Select(Orders.Of)],
        Rebalances = Rebalances,
    });

    public Task<string[]> GetAccountedForAsync() => Task.FromResult<string[]>(
    [
        .. _policy.Queued,
        .. _policy.Reservations.Select(x => x.Job),
        .. _policy.Table.Silos.SelectMany(x => x.Slots).Where(x => !x.Free).Select(x => x.Job),
    ]);

    public async Task<ScaleStatus> AdviseAsync()
    {
        await ReadSettingsAsync();
        var advice = ScaleAdvisor.Advise(_policy.Table.Silos, _policy.Waiting, _policy.Reservations, _policy.Speeds);
        return new ScaleStatus
        {
            Queued = advice.Queued,
            Running = advice.Running,
            Slots = advice.Slots,
            Free = advice.Free,
            Rebalances = Rebalances,
            Wanted = [.. advice.Wanted.Select(x => new WantedStatus { Needs = x.Needs.ToString(), Jobs = x.Jobs, Present = x.Present, Add = x.Add })],
            Finish = [.. advice.Finish.Select(x => new FinishStatus { Added = x.Added, Seconds = x.Seconds, Unknown = x.Unknown })],
            Silos = [.. advice.Silos.Select(x => new SiloCostStatus { Silo = x.Silo, Slots = x.Slots, Running = x.Running, Cost = x.Cost, CanGo = x.CanGo })],
        };
    }

    public async Task RebalanceAsync(bool on) => await Failures.TranslateAsync(async () =>
    {
        (_settings, _etag) = await JsonBlobs.ReadAsync<SchedulerSettings>(store, SchedulerSettings.BlobName);
        (_settings, _etag) = await JsonBlobs.ChangeAsync(store, SchedulerSettings.BlobName, _settings, _etag, x => (x ?? new SchedulerSettings()) with { Rebalance = on });
        GrainLog.RebalancerSwitched(logger, on);
        return true;
    });

    private bool Rebalances => _settings?.Rebalance ?? rebalancing.Enabled;

    private async Task ReadSettingsAsync()
    {
        if (_settings is null)
        {
            (_settings, _etag) = await JsonBlobs.ReadAsync<SchedulerSettings>(store, SchedulerSettings.BlobName);
            _settings ??= new SchedulerSettings();
        }
    }

    private async Task MoveWhatPaysAsync()
    {
        try
        {
            await ReadSettingsAsync();
        }
        catch (Exception exception)
        {
            // The store does not answer now: nothing moves until it does.
            GrainLog.MessageLost(logger, SchedulerSettings.BlobName, exception);
            return;
        }

        if (!Rebalances || !_policy.Settled
            || _rebalancer.Next(_policy.Table.Silos, _policy.QueueLength + _policy.Reservations.Count, _policy.Speeds) is not { } move)
        {
            return;
        }

        var job = move.Job.Job;
        GrainLog.RebalancerMoves(logger, job, move.From, move.Silo, move.Slot, move.Gain, move.Seconds);
        GrainFactory.GetJob(job).MigrateAsync(move.Silo, move.Slot).Forget(exception => GrainLog.MessageLost(logger, job, exception));
    }

    /// <summary>A silo that membership has declared dead is not waited for.</summary>
    private void LookAtMembers()
    {
        _policy.Table.Drop(silos.IsDead);
        if (!_policy.Settled)
        {
            _policy.Expect([.. silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(x => x.ToParsableString())]);
        }
    }

    private void Wake(IReadOnlyList<string> jobs)
    {
        instruments.Queued(_policy.QueueLength);
        foreach (var job in jobs)
        {
            GrainFactory.GetJob(job).WakeAsync().Forget(exception => GrainLog.MessageLost(logger, job, exception));
        }
    }
}
