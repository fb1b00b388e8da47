using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using static Paris.Core.Tests.Simulation.InvariantException;

namespace Paris.Core.Tests.Simulation;

/// <summary>The scheduler's grain: <see cref="ReservationPolicy"/>, looked at after everything that it does.</summary>
internal sealed class SimScheduler : SimGrain
{
    public const string GrainKey = "scheduler";

    private readonly ReservationPolicy _policy;
    private readonly Rebalancer _rebalancer;
    private readonly Dictionary<string, QueueOrder> _orders = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);

    public SimScheduler(SimCluster cluster, SimSilo silo)
        : base(cluster, silo, GrainKey)
    {
        _policy = new ReservationPolicy(cluster.Loop, new SchedulingOptions());
        _rebalancer = new Rebalancer(cluster.Loop, new RebalanceOptions { LeastGain = TimeSpan.FromSeconds(3), CoolDown = TimeSpan.FromSeconds(8), MoveLimit = TimeSpan.FromSeconds(40) });
        TurnAfter(1, TickAsync);
    }

    public bool Report(SiloReport report)
    {
        LookAtMembers();
        if (Cluster.IsDead(report.Address))
        {
            return true;
        }

        foreach (var order in report.Slots.Select(x => x.Order).OfType<QueueOrder>())
        {
            _orders[order.Job] = order;
        }

        Wake(_policy.Report(report));
        return true;
    }

    public ReserveDecision Reserve(QueueOrder order, string home, string endedClaim)
    {
        LookAtMembers();
        _orders[order.Job] = order;
        var decision = _policy.Reserve(order, home, endedClaim);
        Check();
        return decision;
    }

    public MoveDecision Move(QueueOrder order, string silo, string slot)
    {
        LookAtMembers();
        _orders[order.Job] = order;
        var decision = _policy.Move(order, silo, slot);
        Check();
        return decision;
    }

    public void Release(string job, string reservation)
    {
        // An old reservation that was given back late must not take the new one away.
        if (reservation.Length == 0 || _policy.Reservations.All(x => x.Job != job || x.Id == reservation))
        {
            Wake(_policy.Release(job));
        }
    }

    /// <summary>The jobs that a silo reports, or that hold a reservation or a place in the queue.</summary>
    public HashSet<string> AccountedFor()
        => [.. _policy.Queue, .. _policy.Reservations.Select(x => x.Job), .. _policy.Table.Silos.SelectMany(x => x.Slots).Where(x => !x.Free).Select(x => x.Job)];

    private Task TickAsync()
    {
        LookAtMembers();
        Wake(_policy.Tick());
        if (_policy.Settled && _rebalancer.Next(_policy.Table.Silos, _policy.QueueLength + _policy.Reservations.Count, _policy.Speeds) is { } move)
        {
            Loop.Log($"moving {move.Job.Job} from {move.From} to {move.Silo}/{move.Slot} saves {move.Gain:0} s");
            Cluster.Forget(Silo, SimJob.KeyOf(JobId.Parse(move.Job.Job)), grain => ((SimJob)grain).MigrateAsync(move.Silo, move.Slot));
        }

        TurnAfter(1, TickAsync);
        return Task.CompletedTask;
    }

    private void LookAtMembers()
    {
        _policy.Table.Drop(Cluster.IsDead);
        if (!_policy.Settled)
        {
            _policy.Expect([.. Cluster.Members.Select(x => x.Address)]);
        }
    }

    private void Wake(IReadOnlyList<string> jobs)
    {
        Check();
        CheckNothingIdle();
        foreach (var job in jobs)
        {
            Cluster.Forget(Silo, SimJob.KeyOf(JobId.Parse(job)), grain => ((SimJob)grain).WakeAsync());
        }
    }

    /// <summary>No slot is idle before a queue, once the policy had its turn to grant.</summary>
    private void CheckNothingIdle()
    {
        var queue = _policy.Queue;
        if (queue.Count > 0 && _policy.Settled)
        {
            var reserved = _policy.Reservations.Select(x => (x.Silo, x.Slot)).ToHashSet();
            var idle = _policy.Table.Silos.Where(x => !x.Draining).SelectMany(x => x.Slots.Where(s => s.Free).Select(s => (x.Silo, s.Slot))).Where(x => !reserved.Contains(x));
            Require(!idle.Any(), $"{queue.Count} jobs wait and {idle.FirstOrDefault()} is idle.");
        }
    }

    /// <summary>One slot for one job, and among the jobs of one run the first of the plan first.</summary>
    private void Check()
    {
        var (queue, reservations) = (_policy.Queue, _policy.Reservations);
        var reserved = reservations.Select(x => (x.Silo, x.Slot)).ToHashSet();
        Require(reserved.Count == reservations.Count, $"A slot is reserved twice: {string.Join(", ", reservations)}.");
        Require(reservations.All(x => !queue.Contains(x.Job)), "A job holds a reservation and a place in the queue.");
        foreach (var granted in reservations.Where(x => _open.Add(x.Id)))
        {
            Loop.Log($"{granted.Job} is granted {granted.Silo}/{granted.Slot} ({granted.Id})");
            if (_policy.Table.WorkersOf(granted.Job).Count > 0)
            {
                // It runs elsewhere and moves, or has just ended on a silo that drains: such jobs are served before their run's others.
                continue;
            }

            var order = _orders[granted.Job];
            var passed = queue.Where(x => _orders[x].CompareTo(order) < 0 && JobId.Parse(x).Run == JobId.Parse(granted.Job).Run).ToList();
            Require(passed.Count == 0, $"{granted.Job} was granted a slot before {string.Join(", ", passed)}.");
        }
    }
}
