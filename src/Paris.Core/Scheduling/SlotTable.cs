namespace Paris.Core.Scheduling;

/// <summary>One slot as its silo last reported it.</summary>
/// <param name="Slot">Unique within its silo.</param>
/// <param name="Device">The device, for people and for requirements.</param>
/// <param name="Job">The running job's key; empty when the slot is free.</param>
/// <param name="Epoch">The running worker's epoch; 0 until it took the job over.</param>
/// <param name="Claim">The running worker's claim.</param>
/// <param name="Age">Seconds since the worker's last line.</param>
public sealed record SlotReport(string Slot, string Device, string Job = "", int Epoch = 0, string Claim = "", double Age = 0)
{
    public bool Free => Job.Length == 0;

    /// <summary>What its device is.</summary>
    public SlotFacts Facts { get; init; } = SlotFacts.Unknown;

    /// <summary>The running job's place in the queue, should it have to move; null while the silo does not know it.</summary>
    public QueueOrder? Order { get; init; }

    /// <summary>How far the worker is.</summary>
    public RunningWork Work { get; init; } = new();

    /// <summary>The running job, with the work that is left; null while unknown.</summary>
    public QueueOrder? Rest => Order is null || Work.Total <= 0
        ? Order
        : Order with { Demand = Order.Demand with { Samples = Math.Max(0, Work.Total - Work.Step) * (double)Order.Demand.SamplesPerStep } };
}

/// <summary>What one silo says of itself.</summary>
/// <param name="Silo">Its name.</param>
/// <param name="Address">Its address as text; a restarted silo has another one.</param>
/// <param name="Slots">All its slots; empty for a control silo.</param>
/// <param name="Draining">It takes no new job.</param>
public sealed record SiloReport(string Silo, string Address, IReadOnlyList<SlotReport> Slots, bool Draining = false)
{
    /// <summary>
    /// What removing this silo would disturb, the smaller the better: 100 a running job and up to 100 more for its progress, so that an idle
    /// silo goes first, then the one with the fewest jobs, and a job that is nearly done is left alone.
    /// </summary>
    public int DeletionCost => Slots.Where(x => !x.Free).Sum(x => 100 + (int)Math.Round(100 * x.Work.Fraction));
}

/// <summary>The silos and their slots from the agents' heartbeats. Soft state: a silo that falls silent drops out.</summary>
public sealed class SlotTable(TimeProvider time, SchedulingOptions options)
{
    private readonly SortedDictionary<string, (SiloReport Report, long At)> _silos = new(StringComparer.Ordinal);

    /// <summary>The silos heard of lately, by name.</summary>
    public IReadOnlyList<SiloReport> Silos
    {
        get
        {
            Expire();
            return [.. _silos.Values.Select(x => x.Report)];
        }
    }

    /// <summary>Rises whenever a silo comes, goes or starts to drain, or a slot changes its job.</summary>
    public long Version { get; private set; }

    /// <summary>Takes a report; the newest of a silo's name replaces the one before.</summary>
    public void Report(SiloReport report)
    {
        if (!_silos.TryGetValue(report.Silo, out var before)
            || (before.Report.Address, before.Report.Draining) != (report.Address, report.Draining)
            || !before.Report.Slots.Select(x => (x.Slot, x.Job)).SequenceEqual(report.Slots.Select(x => (x.Slot, x.Job))))
        {
            Version++;
        }

        _silos[report.Silo] = (report, time.GetTimestamp());
    }

    /// <summary>The newest report of a silo; null when it is unknown or silent.</summary>
    public SiloReport? Find(string silo)
    {
        Expire();
        return _silos.TryGetValue(silo, out var entry) ? entry.Report : null;
    }

    /// <summary>Where a job's worker is reported; the highest epoch first, should a replaced one still run.</summary>
    public IReadOnlyList<(SiloReport Silo, SlotReport Slot)> WorkersOf(string job)
    {
        Expire();
        return [.. _silos.Values
            .SelectMany(x => x.Report.Slots.Where(s => s.Job == job), (x, s) => (x.Report, s))
            .OrderByDescending(x => x.s.Epoch)];
    }

    /// <summary>Drops the silos that are known to be dead, by their addresses: nobody waits for their silence.</summary>
    public void Drop(Func<string, bool> isDead)
    {
        foreach (var silo in _silos.Where(x => isDead(x.Value.Report.Address)).Select(x => x.Key).ToArray())
        {
            _silos.Remove(silo);
            Version++;
        }
    }

    private void Expire()
    {
        foreach (var silo in _silos.Where(x => time.GetElapsedTime(x.Value.At) > options.SiloExpiry).Select(x => x.Key).ToArray())
        {
            _silos.Remove(silo);
            Version++;
        }
    }
}
