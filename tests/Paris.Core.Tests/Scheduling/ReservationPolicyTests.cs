using Paris.Core.Scheduling;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class ReservationPolicyTests
{
    private static readonly DateTimeOffset _monday = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);
    private readonly ManualTime _time = new();
    private readonly ReservationPolicy _policy;

    public ReservationPolicyTests()
    {
        _policy = new ReservationPolicy(_time, new SchedulingOptions());
        _policy.Expect(["a@1"]);
    }

    [Fact]
    public void GrantsAFreeSlotAndKeepsTheGrantWhenAskedAgain()
    {
        _policy.Report(Silo("a", 1));

        var first = _policy.Reserve(Order("x"));
        var again = _policy.Reserve(Order("x"));

        Assert.Equal(("a", "a@1", "cpu-0"), (first.Granted!.Silo, first.Granted.Address, first.Granted.Slot));
        Assert.Equal(first.Granted, again.Granted);
        Assert.Equal(1, _policy.Reserve(Order("y")).Position);
        Assert.Equal(["y"], _policy.Queue);
    }

    [Fact]
    public void QueuesByPriorityThenSubmitTimeThenPlace()
    {
        _policy.Report(Silo("a", 0));
        _policy.Reserve(Order("later", submitted: 1));
        _policy.Reserve(Order("third", place: 3));
        _policy.Reserve(Order("second", place: 2));
        _policy.Reserve(Order("urgent", priority: 1, submitted: 2, place: 9));

        Assert.Equal(["urgent", "second", "third", "later"], _policy.Queue);
        Assert.Equal(2, _policy.Reserve(Order("second", place: 2)).Position);
        Assert.Equal("waits for a silo with a slot; none is there", _policy.Reserve(Order("later", submitted: 1)).Message);
    }

    [Fact]
    public void AFreshSchedulerWaitsForEveryActiveSilo()
    {
        _policy.Expect(["a@1", "b@1"]);
        _policy.Report(Silo("a", 1));
        Assert.Null(_policy.Reserve(Order("x")).Granted);
        Assert.Equal("waits for the silos' first reports", _policy.Reserve(Order("x")).Message);

        Assert.Equal(["x"], _policy.Report(Silo("b", 0)));

        Assert.True(_policy.Settled);
        Assert.NotNull(_policy.Reserve(Order("x")).Granted);
    }

    [Fact]
    public void AFreshSchedulerWaitsFiveSecondsAtMost()
    {
        _policy.Expect(["a@1", "never@1"]);
        _policy.Report(Silo("a", 1));
        _policy.Reserve(Order("x"));
        _time.Advance(4.9);
        Assert.Empty(_policy.Tick());
        _time.Advance(0.2);
        Assert.Equal(["x"], _policy.Tick());
    }

    [Fact]
    public void AReportedWorkerConsumesTheReservationAndIsAttachedTo()
    {
        _policy.Report(Silo("a", 2));
        var granted = _policy.Reserve(Order("x")).Granted!;
        _policy.Report(Silo("a", 2, (granted.Slot, "x", 3, "claim")));

        Assert.Empty(_policy.Reservations);
        var (silo, slot) = _policy.Reserve(Order("x")).Running!.Value;
        Assert.Equal(("a", 3, "claim"), (silo.Silo, slot.Epoch, slot.Claim));
    }

    [Fact]
    public void AWorkerKnownToHaveEndedIsNotAttachedTo()
    {
        _policy.Report(Silo("a", 2, ("cpu-0", "x", 3, "claim")));
        Assert.Equal("cpu-1", _policy.Reserve(Order("x"), endedClaim: "claim").Granted!.Slot);
    }

    [Fact]
    public void AnUntakenReservationExpires()
    {
        _policy.Report(Silo("a", 1));
        _policy.Reserve(Order("x"));
        _policy.Reserve(Order("y"));
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(3);
            _policy.Report(Silo("a", 1));
        }

        Assert.Equal("y", Assert.Single(_policy.Reservations).Job);
    }

    [Fact]
    public void ASilentSiloLosesItsSlotsAndItsReservationsGoBackToTheQueue()
    {
        _policy.Expect(["a@1", "b@1"]);
        _policy.Report(Silo("a", 1));
        _policy.Report(Silo("b", 0));
        Assert.Equal("a", _policy.Reserve(Order("x", place: 1)).Granted!.Silo);
        _policy.Reserve(Order("y", place: 2));
        _time.Advance(7.1);
        Assert.Equal(["x"], _policy.Report(Silo("b", 1)));
        Assert.Equal("b", _policy.Reserve(Order("x", place: 1)).Granted!.Silo);
        Assert.Equal(["y"], _policy.Queue);
    }

    [Fact]
    public void ADrainingSiloTakesNothingAndGivesReservationsBack()
    {
        _policy.Report(Silo("a", 1));
        _policy.Reserve(Order("x"));
        _policy.Report(Silo("a", 1) with { Draining = true });
        Assert.Null(_policy.Reserve(Order("x")).Granted);
        Assert.Equal(["x"], _policy.Queue);
    }

    [Fact]
    public void ASlotTakenByAnotherJobVoidsTheReservation()
    {
        _policy.Report(Silo("a", 1));
        _policy.Reserve(Order("x"));
        _policy.Report(Silo("a", 1, ("cpu-0", "other", 1, "c")));
        Assert.Empty(_policy.Reservations);
        Assert.Equal(["x"], _policy.Queue);
    }

    [Fact]
    public void AJobThatStopsAskingLosesItsPlace()
    {
        _policy.Report(Silo("a", 0));
        _policy.Reserve(Order("x"));
        _time.Advance(59);
        _policy.Reserve(Order("x"));
        _time.Advance(59);
        Assert.Equal(["x"], _policy.Queue);
        _time.Advance(2);
        Assert.Empty(_policy.Queue);
    }

    [Fact]
    public void TheAskingSiloIsPreferredThenTheEmptiest()
    {
        _policy.Expect(["a@1", "b@1"]);
        _policy.Report(Silo("a", 1));
        _policy.Report(Silo("b", 3));
        Assert.Equal("a", _policy.Reserve(Order("x"), home: "a").Granted!.Silo);
        Assert.Equal("b", _policy.Reserve(Order("y")).Granted!.Silo);
    }

    [Fact]
    public void ARequirementKeepsAJobWaitingButNotTheOnesBehindIt()
    {
        var policy = new ReservationPolicy(_time, new SchedulingOptions(), (job, _, slot) => job != "gpu" || slot.Device == "GPU");
        policy.Expect(["a@1"]);
        policy.Report(Silo("a", 1));
        Assert.Null(policy.Reserve(Order("gpu", priority: 5)).Granted);
        Assert.NotNull(policy.Reserve(Order("x")).Granted);
    }

    [Fact]
    public void ReleasingGrantsTheNext()
    {
        _policy.Report(Silo("a", 1));
        _policy.Reserve(Order("x"));
        _policy.Reserve(Order("y"));
        Assert.Equal(["y"], _policy.Release("x"));
    }

    /// <summary>
    /// A random cluster for 20,000 seconds-long turns: silos come, go, fall silent and lie about nothing; jobs ask, run, end and
    /// forget to come. A slot is never given to two jobs, and whoever keeps asking runs in the end.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ASlotNeverHasTwoTakers(int seed)
    {
        var random = new System.Random(seed);
        var policy = new ReservationPolicy(_time, new SchedulingOptions());
        var running = new Dictionary<(string Silo, string Slot), (string Job, double Until)>();
        var alive = new HashSet<string> { "a", "b", "c" };
        var finished = new HashSet<string>();
        var now = 0.0;
        string[] jobs = [.. Enumerable.Range(0, 40).Select(i => $"job-{i:D2}")];
        for (var turn = 0; turn < 20_000 && finished.Count < jobs.Length; turn++)
        {
            var step = random.NextDouble();
            now += step;
            _time.Advance(step);
            foreach (var (place, (job, until)) in running.ToArray())
            {
                if (until <= now && alive.Contains(place.Silo))
                {
                    running.Remove(place);
                    finished.Add(job);
                }
            }

            if (random.Next(40) == 0)
            {
                var silo = "abc"[random.Next(3)].ToString();
                if (!alive.Add(silo))
                {
                    alive.Remove(silo);
                    foreach (var place in running.Keys.Where(x => x.Silo == silo).ToArray())
                    {
                        running.Remove(place);
                    }
                }
            }

            foreach (var silo in alive.Where(_ => random.Next(10) > 0))
            {
                policy.Report(Silo(silo, 3, [.. running.Where(x => x.Key.Silo == silo).Select(x => (x.Key.Slot, x.Value.Job, 1, x.Value.Job))]));
            }

            Assert.Equal(policy.Reservations.Count, policy.Reservations.DistinctBy(x => (x.Silo, x.Slot)).Count());
            foreach (var job in jobs.Where(x => !finished.Contains(x) && random.Next(4) == 0))
            {
                var decision = policy.Reserve(Order(job));
                if (decision.Granted is { } granted && random.Next(5) > 0 && alive.Contains(granted.Silo))
                {
                    // The silo is the final arbiter: a busy slot refuses, and the job asks again.
                    if (running.TryAdd((granted.Silo, granted.Slot), (job, now + 5 + random.NextDouble() * 10)))
                    {
                        policy.Report(Silo(granted.Silo, 3, [.. running.Where(x => x.Key.Silo == granted.Silo).Select(x => (x.Key.Slot, x.Value.Job, 1, x.Value.Job))]));
                    }
                }

                Assert.True(running.Values.Count(x => x.Job == job) <= 1, $"{job} runs twice at turn {turn}");
            }
        }

        Assert.Equal(jobs.Length, finished.Count);
    }

    private static QueueOrder Order(string job, int priority = 0, int submitted = 0, int place = 0) =>
        new(priority, _monday.AddDays(submitted), place, job);

    private static SiloReport Silo(string name, int slots, params (string Slot, string Job, int Epoch, string Claim)[] busy) =>
        new(name, name + "@1", [.. Enumerable.Range(0, slots).Select(i =>
        {
            var worker = busy.FirstOrDefault(x => x.Slot == $"cpu-{i}");
            return new SlotReport($"cpu-{i}", "CPU", worker.Job ?? "", worker.Epoch, worker.Claim ?? "");
        })]);
}
