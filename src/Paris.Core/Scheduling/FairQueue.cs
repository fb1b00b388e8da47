namespace Paris.Core.Scheduling;

/// <summary>
/// The order in which waiting jobs are served. Higher priority first; within it jobs that must leave a draining silo; then the run that
/// has the fewest jobs on slots for its share, the earlier submitted one if equal; inside a run the order of its plan. A pure function of what
/// the store and the silos' reports say, so that every new scheduler finds the same order.
/// </summary>
public static class FairQueue
{
    /// <summary>The jobs in the order of service, as if each were served in turn.</summary>
    /// <param name="waiting">The jobs that wait, in any order.</param>
    /// <param name="running">Jobs on slots, by run.</param>
    /// <param name="leaving">Keys of the jobs that must leave a draining silo; null: none.</param>
    /// <param name="serve">Tries to serve the job; false leaves the run's count as it is. Null serves all.</param>
    public static IReadOnlyList<QueueOrder> Serve(
        IEnumerable<QueueOrder> waiting,
        IReadOnlyDictionary<string, int> running,
        IReadOnlySet<string>? leaving = null,
        Func<QueueOrder, bool>? serve = null)
    {
        var served = new Dictionary<string, int>(running, StringComparer.Ordinal);
        var lanes = new PriorityQueue<Queue<QueueOrder>, Turn>();
        foreach (var lane in waiting.GroupBy(x => (x.Priority, Leaving: leaving?.Contains(x.Job) == true, x.Run)))
        {
            Enqueue(new Queue<QueueOrder>(lane.Order()), lane.Key.Leaving);
        }

        List<QueueOrder> order = [];
        while (lanes.TryDequeue(out var lane, out var turn))
        {
            if (turn.Count != served.GetValueOrDefault(turn.Run))
            {
                // A job of the same run was served from another lane meanwhile.
                Enqueue(lane, turn.Leaving);
                continue;
            }

            var job = lane.Dequeue();
            order.Add(job);
            if (serve?.Invoke(job) != false)
            {
                served[job.Run] = served.GetValueOrDefault(job.Run) + 1;
            }

            if (lane.Count > 0)
            {
                Enqueue(lane, turn.Leaving);
            }
        }

        return order;

        void Enqueue(Queue<QueueOrder> lane, bool leaves)
        {
            var head = lane.Peek();
            var count = served.GetValueOrDefault(head.Run);
            lanes.Enqueue(lane, new Turn(head.Priority, leaves, count, count / Math.Max(1e-9, head.Share), head.Submitted, head.Run));
        }
    }

    private readonly record struct Turn(int Priority, bool Leaving, int Count, double Load, DateTimeOffset Submitted, string Run) : IComparable<Turn>
    {
        public int CompareTo(Turn other)
        {
            var by = other.Priority.CompareTo(Priority);
            by = by != 0 ? by : other.Leaving.CompareTo(Leaving);
            by = by != 0 ? by : Load.CompareTo(other.Load);
            by = by != 0 ? by : Submitted.CompareTo(other.Submitted);
            return by != 0 ? by : string.CompareOrdinal(Run, other.Run);
        }
    }
}
