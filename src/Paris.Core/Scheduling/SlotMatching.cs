namespace Paris.Core.Scheduling;

/// <summary>
/// Gives free slots to jobs. Which jobs get one follows the queue: each takes a slot if those before it can keep one each, even if
/// another one (augmenting paths). Which slot follows the work: the job with the most left gets the fastest.
/// </summary>
internal sealed class SlotMatching<TSlot>(IReadOnlyList<TSlot> slots, Func<TSlot, SlotFacts> facts)
    where TSlot : notnull
{
    private readonly List<QueueOrder> _jobs = [];
    private readonly int[] _jobOf = [.. Enumerable.Repeat(-1, slots.Count)];
    private readonly HashSet<ResourceNeeds> _hopeless = [];

    /// <summary>No slot is left.</summary>
    public bool Full => _jobs.Count == slots.Count;

    /// <summary>Adds a job if it and all added before it can have a slot each.</summary>
    public bool TryAdd(QueueOrder job)
    {
        if (Full || _hopeless.Contains(job.Demand.Needs))
        {
            return false;
        }

        _jobs.Add(job);
        if (Augment(_jobs.Count - 1, new bool[slots.Count]))
        {
            return true;
        }

        // Jobs only come and none goes: what has no way now has none later.
        _jobs.RemoveAt(_jobs.Count - 1);
        _hopeless.Add(job.Demand.Needs);
        return false;
    }

    /// <summary>The jobs added and their slots.</summary>
    /// <param name="order">For a job, the slots that fit, best first.</param>
    /// <param name="took">A slot was given away.</param>
    public IReadOnlyList<(QueueOrder Job, TSlot Slot)> Assign(Func<QueueOrder, IEnumerable<TSlot>, IEnumerable<TSlot>> order, Action<TSlot> took)
    {
        List<(QueueOrder, TSlot)> result = [];
        List<QueueOrder> open = [.. _jobs.OrderByDescending(x => x.Demand.Samples)];
        List<TSlot> free = [.. slots];
        while (open is [var job, ..])
        {
            open.RemoveAt(0);
            var slot = order(job, free.Where(x => job.Demand.Needs.FitOn(facts(x)))).First(x => open.All(j => j.Demand.Needs == ResourceNeeds.None) || LeavesRoom(x));
            free.Remove(slot);
            took(slot);
            result.Add((job, slot));
        }

        return result;

        bool LeavesRoom(TSlot taken)
        {
            var rest = new SlotMatching<TSlot>([.. free.Where(x => !x.Equals(taken))], facts);
            return open.All(rest.TryAdd);
        }
    }

    private bool Augment(int job, bool[] seen)
    {
        var needs = _jobs[job].Demand.Needs;
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < slots.Count; i++)
            {
                // Free slots before others' slots.
                if (!seen[i] && (pass == 1 || _jobOf[i] < 0) && needs.FitOn(facts(slots[i])))
                {
                    seen[i] = true;
                    if (_jobOf[i] < 0 || Augment(_jobOf[i], seen))
                    {
                        _jobOf[i] = job;
                        return true;
                    }
                }
            }
        }

        return false;
    }
}
