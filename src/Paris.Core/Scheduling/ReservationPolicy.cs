using System.Globalization;

namespace Paris.Core.Scheduling;

/// <summary>A job's place in the queue: priority (higher first), then submit time, then its place in the run's plan, then its key.</summary>
public sealed record QueueOrder(int Priority, DateTimeOffset Submitted, int Place, string Job) : IComparable<QueueOrder>
{
    public int CompareTo(QueueOrder? other)
    {
        if (other is null)
        {
            return -1;
        }

        var byPriority = other.Priority.CompareTo(Priority);
        var bySubmitted = byPriority != 0 ? byPriority : Submitted.CompareTo(other.Submitted);
        var byPlace = bySubmitted != 0 ? bySubmitted : Place.CompareTo(other.Place);
        return byPlace != 0 ? byPlace : string.CompareOrdinal(Job, other.Job);
    }
}

/// <summary>A slot set aside for a job.</summary>
public sealed record Reservation(string Id, string Job, string Silo, string Address, string Slot);

/// <summary>The answer to a job that asks for a slot: exactly one of the three is set, or a place in the queue.</summary>
public sealed record ReserveDecision
{
    /// <summary>The slot to start on.</summary>
    public Reservation? Granted { get; init; }

    /// <summary>A silo reports a worker of this job: re-attach to it.</summary>
    public (SiloReport Silo, SlotReport Slot)? Running { get; init; }

    /// <summary>Place in the queue, from 1.</summary>
    public int Position { get; init; }

    /// <summary>Why it waits, for people.</summary>
    public string Message { get; init; } = "";
}

/// <summary>
/// Gives slots to jobs: a reservation with an expiry, or a place in the queue. All state is soft; jobs ask again and silos report
/// again, so a new instance reaches the same decisions by itself.
/// </summary>
public sealed class ReservationPolicy
{
    private readonly TimeProvider _time;
    private readonly SchedulingOptions _options;
    private readonly Func<string, SiloReport, SlotReport, bool> _fits;
    private readonly SortedSet<QueueOrder> _queue = [];
    private readonly Dictionary<string, (QueueOrder Order, long At, string Home)> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Reservation Reservation, QueueOrder Order, long At)> _granted = new(StringComparer.Ordinal);
    private readonly long _born;
    private IReadOnlyCollection<string>? _expected;
    private bool _settled;
    private long _nextId;

    /// <param name="time">The clock.</param>
    /// <param name="options">Expiries.</param>
    /// <param name="fits">Whether a job may run on a slot (GPU model, memory …); null lets every job run anywhere.</param>
    public ReservationPolicy(TimeProvider time, SchedulingOptions options, Func<string, SiloReport, SlotReport, bool>? fits = null)
    {
        _time = time;
        _options = options;
        _fits = fits ?? ((_, _, _) => true);
        Table = new SlotTable(time, options);
        _born = time.GetTimestamp();
    }

    public SlotTable Table { get; }

    /// <summary>Keys of the waiting jobs, first to be served first.</summary>
    public IReadOnlyList<string> Queue
    {
        get
        {
            Expire();
            return [.. _queue.Select(x => x.Job)];
        }
    }

    /// <summary>The open reservations.</summary>
    public IReadOnlyList<Reservation> Reservations
    {
        get
        {
            Expire();
            return [.. _granted.Values.Select(x => x.Reservation)];
        }
    }

    /// <summary>False while a fresh scheduler still waits for first reports.</summary>
    public bool Settled
    {
        get
        {
            _settled = _settled
                || _time.GetElapsedTime(_born) >= _options.SettleTime
                || (_expected is { Count: > 0 } expected && expected.All(address => Table.Silos.Any(s => s.Address == address)));
            return _settled;
        }
    }

    /// <summary>The addresses of the silos that are active now: once all of them have reported, the scheduler need not wait longer.</summary>
    public void Expect(IReadOnlyCollection<string> addresses) => _expected = addresses;

    /// <summary>A silo reports. Returns the jobs that were granted a slot by it and should ask again.</summary>
    public IReadOnlyList<string> Report(SiloReport report)
    {
        Table.Report(report);
        Expire();
        foreach (var (job, (reservation, order, _)) in _granted.Where(x => x.Value.Reservation.Silo == report.Silo).ToArray())
        {
            var slot = report.Slots.FirstOrDefault(s => s.Slot == reservation.Slot);
            if (slot?.Job == job)
            {
                _granted.Remove(job);
            }
            else if (report.Draining || report.Address != reservation.Address || slot is not { Free: true })
            {
                // The slot went away under the reservation: back to the old place.
                _granted.Remove(job);
                Enqueue(order, report.Silo);
            }
        }

        return Grant();
    }

    /// <summary>A job asks for a slot, or asks again.</summary>
    /// <param name="order">Its place in the queue.</param>
    /// <param name="home">The silo that asks: preferred, because starting there moves nothing.</param>
    /// <param name="endedClaim">The claim of a worker that the job knows has ended, though its silo may not have reported so yet.</param>
    public ReserveDecision Reserve(QueueOrder order, string home = "", string endedClaim = "")
    {
        Expire();
        var job = order.Job;
        if (Table.WorkersOf(job) is [var (silo, slot), ..] && (slot.Claim != endedClaim || endedClaim.Length == 0))
        {
            Forget(job);
            return new ReserveDecision { Running = (silo, slot) };
        }

        if (!_granted.ContainsKey(job))
        {
            Enqueue(order, home);
            _ = Grant();
        }

        if (_granted.TryGetValue(job, out var granted))
        {
            return new ReserveDecision { Granted = granted.Reservation };
        }

        var slots = Table.Silos.Sum(s => s.Slots.Count);
        var position = 1 + _queue.TakeWhile(x => x.Job != job).Count();
        return new ReserveDecision
        {
            Position = position,
            Message = !Settled ? "waits for the silos' first reports"
                : slots == 0 ? "waits for a silo with a slot; none is there"
                : string.Create(CultureInfo.InvariantCulture, $"waits for a slot: place {position} in the queue before {slots} slots"),
        };
    }

    /// <summary>A job gives its reservation, or its place in the queue, back. Returns the jobs that were granted a slot by it.</summary>
    public IReadOnlyList<string> Release(string job)
    {
        Forget(job);
        return Grant();
    }

    /// <summary>Time has passed: silos, reservations and places may have expired. Returns the jobs that were granted a slot.</summary>
    public IReadOnlyList<string> Tick()
    {
        Expire();
        return Grant();
    }

    private void Enqueue(QueueOrder order, string home)
    {
        if (_waiting.TryGetValue(order.Job, out var old))
        {
            _queue.Remove(old.Order);
        }

        _waiting[order.Job] = (order, _time.GetTimestamp(), home);
        _queue.Add(order);
    }

    private void Forget(string job)
    {
        if (_waiting.Remove(job, out var waiting))
        {
            _queue.Remove(waiting.Order);
        }

        _granted.Remove(job);
    }

    private List<string> Grant()
    {
        List<string> jobs = [];
        if (_queue.Count == 0 || !Settled)
        {
            return jobs;
        }

        var taken = _granted.Values.Select(x => (x.Reservation.Silo, x.Reservation.Slot)).ToHashSet();
        var free = Table.Silos
            .Where(s => !s.Draining)
            .SelectMany(s => s.Slots.Where(x => x.Free && !taken.Contains((s.Silo, x.Slot))), (s, x) => (Silo: s, Slot: x))
            .ToList();
        var freeOf = free.CountBy(x => x.Silo.Silo).ToDictionary(x => x.Key, x => x.Value, StringComparer.Ordinal);
        foreach (var order in _queue.ToArray())
        {
            if (free.Count == 0)
            {
                break;
            }

            var home = _waiting[order.Job].Home;
            var best = free
                .Where(x => _fits(order.Job, x.Silo, x.Slot))
                .OrderByDescending(x => x.Silo.Silo == home)
                .ThenByDescending(x => freeOf[x.Silo.Silo])
                .ThenBy(x => x.Silo.Silo, StringComparer.Ordinal)
                .ThenBy(x => x.Slot.Slot, StringComparer.Ordinal)
                .FirstOrDefault();
            if (best.Silo is null)
            {
                continue;
            }

            free.Remove(best);
            freeOf[best.Silo.Silo]--;
            Forget(order.Job);
            var id = string.Create(CultureInfo.InvariantCulture, $"{_born:x}-{++_nextId}");
            _granted[order.Job] = (new Reservation(id, order.Job, best.Silo.Silo, best.Silo.Address, best.Slot.Slot), order, _time.GetTimestamp());
            jobs.Add(order.Job);
        }

        return jobs;
    }

    private void Expire()
    {
        foreach (var (job, (reservation, order, at)) in _granted.ToArray())
        {
            if (Table.Find(reservation.Silo)?.Address != reservation.Address)
            {
                _granted.Remove(job);
                Enqueue(order, "");
            }
            else if (_time.GetElapsedTime(at) > _options.ReservationExpiry)
            {
                // Nobody came for it: the job asks again if it still wants one.
                _granted.Remove(job);
            }
        }

        foreach (var (job, (_, at, _)) in _waiting.ToArray())
        {
            if (_time.GetElapsedTime(at) > _options.QueueExpiry)
            {
                Forget(job);
            }
        }
    }
}
