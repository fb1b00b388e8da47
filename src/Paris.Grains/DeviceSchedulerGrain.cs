using Microsoft.Extensions.Logging;

namespace Paris.Grains;

/// <summary>Thin over <see cref="ReservationPolicy"/>: maps messages, tells granted jobs to ask again, keeps the clock going.</summary>
[KeepAlive]
public sealed class DeviceSchedulerGrain(
    ISiloStatusOracle silos,
    ParisInstruments instruments,
    TimeProvider time,
    ILogger<DeviceSchedulerGrain> logger) : Grain, IDeviceSchedulerGrain
{
    private readonly ReservationPolicy _policy = new(time, new SchedulingOptions());

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(
            _ =>
            {
                Settle();
                Wake(_policy.Tick());
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions { DueTime = TimeSpan.FromSeconds(1), Period = TimeSpan.FromSeconds(1) });
        return Task.CompletedTask;
    }

    public Task ReportAsync(SiloStatusReport report)
    {
        Settle();
        Wake(_policy.Report(new SiloReport(
            report.Silo,
            report.Address,
            [.. report.Slots.Select(x => new SlotReport(x.Slot, x.Device, x.Job, x.Epoch, x.Claim, x.Age))],
            report.Draining)));
        return Task.CompletedTask;
    }

    public Task<ReserveReply> ReserveAsync(ReserveRequest request)
    {
        Settle();
        var order = new QueueOrder(request.Order.Priority, request.Order.Submitted, request.Order.Order, request.Job);
        var decision = _policy.Reserve(order, request.Home, request.EndedClaim);
        instruments.Queued(_policy.Queue.Count);
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

    public Task<ClusterStatus> GetStatusAsync() => Task.FromResult(new ClusterStatus
    {
        Settled = _policy.Settled,
        Queue = [.. _policy.Queue],
        Reserved = [.. _policy.Reservations.Select(x => x.Job)],
        Silos = [.. _policy.Table.Silos.Select(x => new SiloStatusReport
        {
            Silo = x.Silo,
            Address = x.Address,
            Draining = x.Draining,
            Slots = [.. x.Slots.Select(s => new SlotStatus { Slot = s.Slot, Device = s.Device, Job = s.Job, Epoch = s.Epoch, Claim = s.Claim, Age = s.Age })],
        })],
    });

    private void Settle()
    {
        if (!_policy.Settled)
        {
            _policy.Expect([.. silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(x => x.ToParsableString())]);
        }
    }

    private void Wake(IReadOnlyList<string> jobs)
    {
        instruments.Queued(_policy.Queue.Count);
        foreach (var job in jobs)
        {
            GrainFactory.GetJob(job).WakeAsync().Forget(exception => GrainLog.MessageLost(logger, job, exception));
        }
    }
}
