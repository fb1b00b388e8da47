namespace Paris.Core.Scheduling;

/// <summary>
/// What the queue would need, as a pure function of the silos' reports and the queue. Times come from list scheduling: running jobs end
/// where they run after <c>left/rate</c>; each waiting job, in the order of the queue, takes the slot that fits and is free first.
/// </summary>
public static class ScaleAdvisor
{
    /// <summary>The advice.</summary>
    /// <param name="silos">The newest reports.</param>
    /// <param name="queue">The waiting jobs in their order.</param>
    /// <param name="reservations">Slots set aside.</param>
    /// <param name="speeds">What was measured.</param>
    public static ScaleAdvice Advise(IReadOnlyList<SiloReport> silos, IReadOnlyList<QueueOrder> queue, IReadOnlyList<Reservation> reservations, SpeedTable speeds)
    {
        var aside = reservations.Select(x => (x.Silo, x.Slot)).ToHashSet();
        var slots = silos.Where(x => !x.Draining).SelectMany(s => s.Slots, (s, x) => (s.Silo, Slot: x, Free: x.Free && !aside.Contains((s.Silo, x.Slot)))).ToArray();
        return new ScaleAdvice
        {
            Queued = queue.Count,
            Running = silos.Sum(s => s.Slots.Count(x => !x.Free)),
            Slots = slots.Length,
            Free = slots.Count(x => x.Free),
            Wanted =
            [
                .. queue.GroupBy(x => x.Demand.Needs).Select(group => new SlotsWanted(
                    group.Key,
                    group.Count(),
                    slots.Count(x => group.Key.FitOn(x.Slot.Facts)),
                    Math.Max(0, group.Count() - slots.Count(x => x.Free && group.Key.FitOn(x.Slot.Facts))))),
            ],
            Finish = [.. Steps(queue.Count).Select(added => Finish(added, [.. slots.Select(x => x.Slot)], queue, speeds))],
            Silos =
            [
                .. silos.Where(s => s.Slots.Count > 0)
                    .Select(s => new SiloCost(
                        s.Silo,
                        s.Slots.Count,
                        s.Slots.Count(x => !x.Free),
                        s.DeletionCost,
                        s.DeletionCost == 0 && reservations.All(r => r.Silo != s.Silo) && !queue.Any(j => s.Slots.Any(x => j.Demand.Needs.FitOn(x.Facts)))))
                    .OrderBy(x => x.Cost)
                    .ThenByDescending(x => x.CanGo)
                    .ThenBy(x => x.Silo, StringComparer.Ordinal),
            ],
        };
    }

    /// <summary>0, 1, 2, 4 … and as many as there are waiting jobs: more would stand idle.</summary>
    private static IEnumerable<int> Steps(int queued)
    {
        yield return 0;
        for (var added = 1; added < queued; added *= 2)
        {
            yield return added;
        }

        if (queued > 0)
        {
            yield return queued;
        }
    }

    private static FinishTime Finish(int added, IReadOnlyList<SlotReport> slots, IReadOnlyList<QueueOrder> queue, SpeedTable speeds)
    {
        var unknown = 0;
        List<(SlotFacts? Facts, double FreeAt)> places = [];
        foreach (var slot in slots)
        {
            var left = slot.Free ? 0 : Left(slot, speeds);
            unknown += left is null ? 1 : 0;
            places.Add((slot.Facts, left ?? 0));
        }

        // An added slot has what the job that gets it needs, at the shape's usual speed.
        places.AddRange(Enumerable.Repeat(((SlotFacts?)null, 0.0), added));
        foreach (var job in queue)
        {
            var best = places.Select((place, i) => (Index: i, place.FreeAt, Seconds: Seconds(job, place.Facts)))
                .Where(x => places[x.Index].Facts is not { } facts || job.Demand.Needs.FitOn(facts))
                .OrderBy(x => x.FreeAt + (x.Seconds ?? 0))
                .Select(x => ((int Index, double? Seconds)?)(x.Index, x.Seconds))
                .FirstOrDefault();
            if (best is not { Seconds: { } seconds } found)
            {
                unknown++;
                continue;
            }

            places[found.Index] = (places[found.Index].Facts, places[found.Index].FreeAt + seconds);
        }

        var end = places.Count == 0 ? 0 : places.Max(x => x.FreeAt);
        return new FinishTime(added, end > 0 || unknown == 0 ? end : null, unknown);

        double? Seconds(QueueOrder job, SlotFacts? facts) => speeds.Seconds(facts?.Class ?? "", job.Demand);
    }

    private static double? Left(SlotReport slot, SpeedTable speeds) => slot.Rest is { Demand: { Samples: > 0 } demand }
        ? slot.Work.Rate > 0 ? demand.Samples / slot.Work.Rate : speeds.Seconds(slot.Facts.Class, demand)
        : slot.Work.Total > 0 && slot.Work.Step >= slot.Work.Total ? 0 : null;
}
