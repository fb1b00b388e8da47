namespace Paris.Core.Scheduling;

/// <summary>A move that pays.</summary>
/// <param name="Job">The job, with what is left of it.</param>
/// <param name="From">Where it runs, <c>silo/slot</c>.</param>
/// <param name="Silo">The silo to move to.</param>
/// <param name="Slot">Its slot.</param>
/// <param name="Seconds">What the job would still take where it is.</param>
/// <param name="Gain">Seconds saved after commit and start.</param>
public sealed record Relocation(QueueOrder Job, string From, string Silo, string Slot, double Seconds, double Gain);

/// <summary>
/// Moves running jobs to faster free slots when it pays. With R samples left, v samples a second here and w there:
/// <c>gain = R/v − (R/w + checkpoint + start)</c>; a move needs <c>gain ≥ max(LeastGain, LeastShare · R/v)</c>. Only measured
/// speeds count, never estimates; nothing moves while a job waits for a slot; one move at a time, the biggest gain first; a job is left
/// alone during the cool-down after its worker started, which a new instance knows as well.
/// </summary>
public sealed class Rebalancer(TimeProvider time, RebalanceOptions options)
{
    private readonly Dictionary<string, long> _toldAt = new(StringComparer.Ordinal);
    private (Relocation Move, long At)? _open;

    /// <summary>The move to make now; null when none pays.</summary>
    /// <param name="silos">The newest reports.</param>
    /// <param name="waiting">Jobs in the queue and reservations: a free slot is theirs.</param>
    /// <param name="speeds">What was measured.</param>
    public Relocation? Next(IReadOnlyList<SiloReport> silos, int waiting, SpeedTable speeds)
    {
        if (_open is { } open)
        {
            var arrived = silos.Any(s => s.Silo == open.Move.Silo && s.Slots.Any(x => x.Slot == open.Move.Slot && x.Job == open.Move.Job.Job && x.Epoch > 0));
            if (!arrived && time.GetElapsedTime(open.At) < options.MoveLimit)
            {
                return null;
            }

            _open = null;
        }

        foreach (var job in _toldAt.Where(x => time.GetElapsedTime(x.Value) >= options.CoolDown).Select(x => x.Key).ToArray())
        {
            _toldAt.Remove(job);
        }

        if (waiting > 0)
        {
            return null;
        }

        var slots = silos.Where(x => !x.Draining).SelectMany(s => s.Slots, (s, x) => (Silo: s.Silo, Slot: x)).ToArray();
        var free = slots.Where(x => x.Slot.Free).ToArray();
        var best = slots.SelectMany(x => free.Select(y => Gain(x.Silo, x.Slot, y.Silo, y.Slot, speeds)))
            .OfType<Relocation>()
            .OrderByDescending(x => x.Gain)
            .ThenBy(x => x.Job)
            .ThenBy(x => x.Silo, StringComparer.Ordinal)
            .ThenBy(x => x.Slot, StringComparer.Ordinal)
            .FirstOrDefault();
        if (best is not null)
        {
            _open = (best, time.GetTimestamp());
            _toldAt[best.Job.Job] = time.GetTimestamp();
        }

        return best;
    }

    private Relocation? Gain(string fromSilo, SlotReport from, string toSilo, SlotReport to, SpeedTable speeds)
    {
        if (from.Rest is not { Demand: { Samples: > 0 } demand } job
            || from.Epoch == 0
            || from.Work.Seconds < options.CoolDown.TotalSeconds
            || _toldAt.ContainsKey(job.Job)
            || !demand.Needs.FitOn(to.Facts)
            || speeds.Measured(from.Facts.Class, demand.Shape) is not { } usual
            || speeds.Measured(to.Facts.Class, demand.Shape) is not { } there)
        {
            return null;
        }

        // What this very worker does counts, not what its class usually does.
        var here = from.Work.Rate > 0 ? from.Work.Rate : usual;
        var seconds = demand.Samples / here;
        var cost = (from.Work.CheckpointSeconds > 0 ? from.Work.CheckpointSeconds : options.UsualCheckpoint.TotalSeconds)
            + (from.Work.StartSeconds > 0 ? from.Work.StartSeconds : options.UsualStart.TotalSeconds);
        var gain = seconds - (demand.Samples / there) - cost;
        return gain >= Math.Max(options.LeastGain.TotalSeconds, options.LeastShare * seconds)
            ? new Relocation(job, $"{fromSilo}/{from.Slot}", toSilo, to.Slot, seconds, gain)
            : null;
    }
}
