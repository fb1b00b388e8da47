using System.Globalization;

namespace Paris.Core.Scheduling;

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
/// Gives slots to jobs: a reservation with an expiry, or a place in the queue. Who is next is <see cref="FairQueue"/>'s, which slot is
/// <see cref="SlotMatching{TSlot}"/>'s. All state is soft; jobs ask again and silos report again, so a new instance reaches the same
/// decisions by itself.
/// </summary>
public sealed class ReservationPolicy
{
    private readonly TimeProvider _time;
    private readonly SchedulingOptions _options;
    private readonly Dictionary<string, (QueueOrder Order, long At, string Home)> _waiting = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Grant> _granted = new(StringComparer.Ordinal);
    private readonly long _born;
    private (IReadOnlyList<QueueOrder> Jobs, long Version)? _order;
    private IReadOnlyCollection<string>? _expected;
    private bool _settled;
    private long _nextId;

    /// <param name="time">The clock.</param>
    /// <param name="options">Expiries.</param>
    public ReservationPolicy(TimeProvider time, SchedulingOptions options)
    {
        _time = time;
        _options = options;
        Table = new SlotTable(time, options);
        _born = time.GetTimestamp();
    }

    public SlotTable Table { get; }

    /// <summary>What the running workers teach about the devices.</summary>
    public SpeedTable Speeds { get; } = new();

    /// <summary>The waiting jobs, first to be served first.</summary>
    public IReadOnlyList<QueueOrder> Waiting
    {
        get
        {
            Expire();
            if (_order is not { } known || known.Version != Table.Version)
            {
                known = (FairQueue.Serve(_waiting.Values.Select(x => x.Order), RunningByRun(), Leaving()), Table.Version);
                _order = known;
            }

            return known.Jobs;
        }
    }

    /// <summary>How many jobs wait.</summary>
    public int QueueLength
    {
        get
        {
            Expire();
            return _waiting.Count;
        }
    }

    /// <summary>Keys of the waiting jobs, in no order.</summary>
    public IEnumerable<string> Queued
    {
        get
        {
            Expire();
            return _waiting.Keys;
        }
    }

    /// <summary>Keys of the waiting jobs, first to be served first.</summary>
    public IReadOnlyList<string> Queue => [.. Waiting.Select(x => x.Job)];

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
        foreach (var slot in report.Slots.Where(x => x.Order is not null))
        {
            Speeds.Learn(slot.Facts.Class, slot.Order!.Demand.Shape, slot.Work.Rate);
        }

        Expire();
        foreach (var (job, grant) in _granted.Where(x => x.Value.Reservation.Silo == report.Silo).ToArray())
        {
            var slot = report.Slots.FirstOrDefault(s => s.Slot == grant.Reservation.Slot);
            if (slot?.Job == job && (slot.Claim != grant.LeavingClaim || grant.LeavingClaim.Length == 0))
            {
                _granted.Remove(job);
            }
            else if (report.Draining || report.Address != grant.Reservation.Address || slot is not { Free: true })
            {
                // The slot went away under the reservation.
                Void(grant);
            }
        }

        return GrantSlots();
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
            // The slot that the job moves to stays set aside while the old worker commits and stops.
            if (!_granted.TryGetValue(job, out var move) || move.LeavingClaim != slot.Claim || slot.Claim.Length == 0)
            {
                Forget(job);
            }

            return new ReserveDecision { Running = (silo, slot) };
        }

        if (!_granted.ContainsKey(job))
        {
            Enqueue(order, home);
            _ = GrantSlots();
        }

        if (_granted.TryGetValue(job, out var granted))
        {
            if (granted.LeavingClaim.Length > 0)
            {
                // It came for its slot: from now on this is a reservation like any other.
                _granted[job] = granted with { Order = order, At = _time.GetTimestamp(), LeavingClaim = "" };
            }

            return new ReserveDecision { Granted = granted.Reservation };
        }

        var position = 1 + Waiting.TakeWhile(x => x.Job != job).Count();
        return new ReserveDecision { Position = position, Message = WhyItWaits(order, position) };
    }

    /// <summary>Sets a slot aside for a job that runs elsewhere and is to move there.</summary>
    /// <param name="order">The job.</param>
    /// <param name="silo">Where to; empty takes the fastest free slot that fits.</param>
    /// <param name="slot">The slot of that silo; empty takes the best.</param>
    public MoveDecision Move(QueueOrder order, string silo = "", string slot = "")
    {
        Expire();
        if (Table.WorkersOf(order.Job) is not [var (from, now), ..])
        {
            return new MoveDecision(null, MoveRefusal.NotRunning, $"{order.Job} has no worker; only a running job can be moved");
        }

        var silos = Table.Silos.Where(x => silo.Length == 0 || x.Silo == silo).ToArray();
        if (silos.Length == 0)
        {
            return new MoveDecision(null, MoveRefusal.UnknownSilo, $"there is no silo '{silo}'; silos are {string.Join(", ", Table.Silos.Select(x => x.Silo))}");
        }

        var slots = Slots(silos).Where(x => slot.Length == 0 || x.Slot.Slot == slot).ToArray();
        if (slots.Length == 0)
        {
            return new MoveDecision(null, slot.Length > 0 ? MoveRefusal.UnknownSlot : MoveRefusal.NoFreeSlot, slot.Length == 0
                ? $"silo '{silo}' has no slots"
                : $"silo '{silo}' has no slot '{slot}'; its slots are {string.Join(", ", Slots(silos).Select(x => x.Slot.Slot))}");
        }

        var others = slots
            .Where(x => silo.Length > 0 && slot.Length == 0 ? x.Silo.Silo != from.Silo : (x.Silo.Silo, x.Slot.Slot) != (from.Silo, now.Slot))
            .ToArray();
        if (others.Length == 0)
        {
            return silo.Length == 0
                ? new MoveDecision(null, MoveRefusal.NoFreeSlot, $"{order.Job} runs on the only slot there is")
                : new MoveDecision(null, MoveRefusal.AlreadyThere, $"{order.Job} already runs on {from.Silo}/{now.Slot}");
        }

        var fitting = others.Where(x => order.Demand.Needs.FitOn(x.Slot.Facts)).ToArray();
        if (fitting.Length == 0)
        {
            return new MoveDecision(null, MoveRefusal.DoesNotFit, $"{order.Job} {order.Demand.Needs.Explain([.. others.Select(x => x.Slot.Facts)])}");
        }

        _granted.TryGetValue(order.Job, out var before);
        var taken = Taken(except: order.Job);
        var free = fitting.Where(x => IsFree(x, taken)).ToArray();
        if (free.Length == 0)
        {
            var where = silo.Length == 0 ? "in the cluster" : slot.Length == 0 ? $"on silo '{silo}'" : $"'{silo}/{slot}'";
            return new MoveDecision(null, MoveRefusal.NoFreeSlot, $"{order.Job} cannot move: {(slot.Length > 0 ? $"{where} is not free" : $"no other slot {where} that fits is free")}{(silos.All(x => x.Draining) ? " (it drains)" : "")}");
        }

        var best = Best(order, "", FreeBySilo(free))(free).First();
        if (before?.Reservation is { } same && (same.Silo, same.Slot) == (best.Silo.Silo, best.Slot.Slot))
        {
            return new MoveDecision(same);
        }

        Forget(order.Job);
        return new MoveDecision(Give(order, best, now.Claim));
    }

    /// <summary>A job gives its reservation, or its place in the queue, back. Returns the jobs that were granted a slot by it.</summary>
    public IReadOnlyList<string> Release(string job)
    {
        Forget(job);
        return GrantSlots();
    }

    /// <summary>Time has passed: silos, reservations and places may have expired. Returns the jobs that were granted a slot.</summary>
    public IReadOnlyList<string> Tick()
    {
        Expire();
        return GrantSlots();
    }

    private string WhyItWaits(QueueOrder order, int position)
    {
        if (!Settled)
        {
            return "waits for the silos' first reports";
        }

        var slots = Slots(Table.Silos).Select(x => x.Slot.Facts).ToArray();
        return slots.Length == 0 ? "waits for a silo with a slot; none is there"
            : !slots.Any(order.Demand.Needs.FitOn) ? $"waits for a slot that fits: {order.Demand.Needs.Explain(slots)}"
            : string.Create(CultureInfo.InvariantCulture, $"waits for a slot: place {position} in the queue before {slots.Length} slots");
    }

    private static IEnumerable<Place> Slots(IEnumerable<SiloReport> silos) => silos.SelectMany(s => s.Slots, (s, x) => new Place(s, x));

    private HashSet<(string Silo, string Slot)> Taken(string except = "") =>
        [.. _granted.Values.Where(x => x.Reservation.Job != except).Select(x => (x.Reservation.Silo, x.Reservation.Slot))];

    private static bool IsFree(Place place, HashSet<(string Silo, string Slot)> taken) =>
        !place.Silo.Draining && place.Slot.Free && !taken.Contains((place.Silo.Silo, place.Slot.Slot));

    private static Dictionary<string, int> FreeBySilo(IEnumerable<Place> free) =>
        free.CountBy(x => x.Silo.Silo).ToDictionary(x => x.Key, x => x.Value, StringComparer.Ordinal);

    /// <summary>Fastest first; of equally fast ones the asking silo's, then the emptiest silo's.</summary>
    private Func<IEnumerable<Place>, IEnumerable<Place>> Best(QueueOrder job, string home, Dictionary<string, int> free) => places => places
        .OrderByDescending(x => Speeds.Estimate(x.Slot.Facts.Class, job.Demand.Shape))
        .ThenByDescending(x => x.Silo.Silo == home)
        .ThenByDescending(x => free[x.Silo.Silo])
        .ThenBy(x => x.Silo.Silo, StringComparer.Ordinal)
        .ThenBy(x => x.Slot.Slot, StringComparer.Ordinal);

    /// <summary>Jobs that hold a slot or have one set aside, by run.</summary>
    private Dictionary<string, int> RunningByRun() => Slots(Table.Silos).Where(x => !x.Slot.Free).Select(x => x.Slot.Job).Concat(_granted.Keys).Distinct()
        .CountBy(QueueOrder.RunOf).ToDictionary(x => x.Key, x => x.Value, StringComparer.Ordinal);

    /// <summary>The jobs on draining silos.</summary>
    private HashSet<string> Leaving() => Slots(Table.Silos.Where(x => x.Draining)).Select(x => x.Slot.Job).Where(x => x.Length > 0).ToHashSet(StringComparer.Ordinal);

    private void Enqueue(QueueOrder order, string home)
    {
        if (!_waiting.TryGetValue(order.Job, out var old) || old.Order != order)
        {
            _order = null;
        }

        _waiting[order.Job] = (order, _time.GetTimestamp(), home);
    }

    private void Forget(string job)
    {
        if (_waiting.Remove(job) | _granted.Remove(job))
        {
            _order = null;
        }
    }

    /// <summary>A reservation cannot be kept: who waits for it goes back to its old place, who still runs elsewhere is left there.</summary>
    private void Void(Grant grant)
    {
        _granted.Remove(grant.Reservation.Job);
        if (grant.LeavingClaim.Length == 0)
        {
            Enqueue(grant.Order, "");
        }

        _order = null;
    }

    private Reservation Give(QueueOrder order, Place place, string leavingClaim)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{_born:x}-{++_nextId}");
        var reservation = new Reservation(id, order.Job, place.Silo.Silo, place.Silo.Address, place.Slot.Slot);
        _granted[order.Job] = new Grant(reservation, order, _time.GetTimestamp(), leavingClaim);
        _order = null;
        return reservation;
    }

    private List<string> GrantSlots()
    {
        List<string> jobs = [];
        if (!Settled)
        {
            return jobs;
        }

        // The jobs of a draining silo look for their next slot while they still run.
        var leaving = Slots(Table.Silos.Where(x => x.Draining))
            .Where(x => x.Slot.Rest is not null && x.Slot.Claim.Length > 0 && !_granted.ContainsKey(x.Slot.Job) && !_waiting.ContainsKey(x.Slot.Job))
            .ToDictionary(x => x.Slot.Job, x => x.Slot, StringComparer.Ordinal);
        if (_waiting.Count + leaving.Count == 0)
        {
            return jobs;
        }

        var taken = Taken();
        Place[] free = [.. Slots(Table.Silos).Where(x => IsFree(x, taken))];
        if (free.Length == 0)
        {
            return jobs;
        }

        var matching = new SlotMatching<Place>(free, x => x.Slot.Facts);
        FairQueue.Serve(
            _waiting.Values.Select(x => x.Order).Concat(leaving.Values.Select(x => x.Rest!)),
            RunningByRun(),
            Leaving(),
            matching.TryAdd);
        var freeOf = FreeBySilo(free);
        foreach (var (job, place) in matching.Assign((job, places) => Best(job, _waiting.TryGetValue(job.Job, out var waiting) ? waiting.Home : "", freeOf)(places), x => freeOf[x.Silo.Silo]--))
        {
            Forget(job.Job);
            Give(job, place, leaving.TryGetValue(job.Job, out var slot) ? slot.Claim : "");
            jobs.Add(job.Job);
        }

        return jobs;
    }

    private void Expire()
    {
        foreach (var (job, grant) in _granted.ToArray())
        {
            if (Table.Find(grant.Reservation.Silo)?.Address != grant.Reservation.Address)
            {
                Void(grant);
            }
            else if (grant.LeavingClaim.Length > 0 && Table.WorkersOf(job).All(x => x.Slot.Claim != grant.LeavingClaim))
            {
                // Its worker is gone: now it must come for its slot as any other job.
                _granted[job] = grant with { At = _time.GetTimestamp(), LeavingClaim = "" };
            }
            else if (_time.GetElapsedTime(grant.At) > (grant.LeavingClaim.Length > 0 ? _options.MoveExpiry : _options.ReservationExpiry))
            {
                // Nobody came for it: the job asks again if it still wants one.
                _granted.Remove(job);
                _order = null;
            }
        }

        foreach (var (job, (_, at, _)) in _waiting)
        {
            if (_time.GetElapsedTime(at) > _options.QueueExpiry)
            {
                Forget(job);
            }
        }
    }

    private sealed class Place(SiloReport silo, SlotReport slot)
    {
        public SiloReport Silo => silo;

        public SlotReport Slot => slot;
    }

    /// <param name="Reservation">What is set aside.</param>
    /// <param name="Order">For whom.</param>
    /// <param name="At">Since when.</param>
    /// <param name="LeavingClaim">The claim of the worker that still runs elsewhere and is to stop first; empty for a job that waits.</param>
    private sealed record Grant(Reservation Reservation, QueueOrder Order, long At, string LeavingClaim);
}
