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
    public void ADeadSilosWorkersAndReservationsAreForgottenAtOnce()
    {
        _policy.Expect(["a@1", "b@1"]);
        _policy.Report(new SiloReport("a", "a@1", [new SlotReport("cpu-0", "cpu", "runs-there", 1, "claim"), new SlotReport("cpu-1", "cpu")]));
        _policy.Report(Silo("b", 0));
        Assert.Equal("a", _policy.Reserve(Order("waits")).Granted!.Silo);
        Assert.Equal("a", _policy.Reserve(Order("runs-there")).Running!.Value.Silo.Silo);

        _policy.Table.Drop(address => address == "a@1");

        Assert.Equal((1, "waits for a silo with a slot; none is there"), (_policy.Reserve(Order("waits")).Position, _policy.Reserve(Order("waits")).Message));
        Assert.Null(_policy.Reserve(Order("runs-there")).Running);
        Assert.Empty(_policy.Reservations);
        Assert.Equal(["runs-there", "waits"], _policy.Report(Silo("b", 2)).Order());
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
        _policy.Report(Slots.Silo("a", Slots.Free("gpu-0", Slots.T4), Slots.Free("cpu-0", Slots.Cpu)));
        var needs = new ResourceNeeds(40L << 30);
        Assert.Equal(
            "waits for a slot that fits: needs 40 GiB; the largest slot has 16 GiB",
            _policy.Reserve(Slots.Job("r/big", priority: 5, needs: needs)).Message);
        Assert.NotNull(_policy.Reserve(Slots.Job("r/x")).Granted);
        Assert.Equal(["r/big"], _policy.Report(Slots.Silo("b", Slots.Free("gpu-0", Slots.A100))));
        Assert.Equal("b", _policy.Reserve(Slots.Job("r/big", priority: 5, needs: needs)).Granted!.Silo);
    }

    [Fact]
    public void AModestJobLeavesTheOnlyFittingSlotToTheNextOne()
    {
        _policy.Report(Slots.Silo("a"));
        foreach (var job in (QueueOrder[])[Slots.Job("r/modest", 1), Slots.Job("r/big", 2, needs: new ResourceNeeds(GpuModel: "H100"))])
        {
            _policy.Reserve(job);
        }

        // The H100 comes first in every order, and yet both are served.
        Assert.Equal(["r/big", "r/modest"], _policy.Report(Slots.Silo("a", Slots.Free("a-h100", Slots.H100), Slots.Free("z-cpu", Slots.Cpu))).Order());
        Assert.Equal(
            [("r/big", "a-h100"), ("r/modest", "z-cpu")],
            _policy.Reservations.Select(x => (x.Job, x.Slot)).Order());
    }

    [Fact]
    public void TheJobWithMostWorkLeftGetsTheFastestSlot()
    {
        _policy.Speeds.Learn(Slots.H100.Class, "s", 400);
        _policy.Speeds.Learn(Slots.T4.Class, "s", 50);
        _policy.Report(Slots.Silo("a"));
        _policy.Reserve(Slots.Job("r/nearly-done", 1, shape: "s", samples: 100), home: "a");
        _policy.Reserve(Slots.Job("r/fresh", 2, shape: "s", samples: 10_000));
        _policy.Reserve(Slots.Job("r/half", 3, shape: "s", samples: 5_000));
        _policy.Reserve(Slots.Job("r/late", 4, shape: "s", samples: 90_000));

        // An A100 was never measured: neutral, between the two. Who is served follows the queue, not the work.
        _policy.Report(Slots.Silo("a", Slots.Free("0", Slots.T4), Slots.Free("1", Slots.A100), Slots.Free("2", Slots.H100)));

        Assert.Equal(
            [("r/fresh", "2"), ("r/half", "1"), ("r/nearly-done", "0")],
            _policy.Reservations.Select(x => (x.Job, x.Slot)).Order());
        Assert.Equal(["r/late"], _policy.Queue);
    }

    [Fact]
    public void RatesOfRunningWorkersAreLearned()
    {
        var job = Slots.Job("r/1", shape: "s");
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.T4, job, new RunningWork(Rate: 70)), Slots.Busy("1", Slots.H100, job with { Job = "r/2" }, new RunningWork(Rate: 0))));
        Assert.Equal((70.0, null), (_policy.Speeds.Measured(Slots.T4.Class, "s"), _policy.Speeds.Measured(Slots.H100.Class, "s")));
    }

    [Fact]
    public void ARunThatHoldsSlotsWaitsForOneThatHoldsNone()
    {
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, Slots.Job("first/1")), Slots.Busy("1", Slots.Cpu, Slots.Job("first/2"))));
        _policy.Reserve(Slots.Job("first/3", 3));
        _policy.Reserve(Slots.Job("second/1", 1, submitted: 1));
        Assert.Equal(["second/1", "first/3"], _policy.Queue);
        Assert.Equal(["second/1"], _policy.Report(Slots.Silo("a", Slots.Free("0", Slots.Cpu), Slots.Busy("1", Slots.Cpu, Slots.Job("first/2")))));
    }

    [Fact]
    public void ANewSchedulerFindsTheSameOrder()
    {
        QueueOrder[] jobs = [Slots.Job("b/1", 1, submitted: 1), Slots.Job("a/2", 2), Slots.Job("a/1", 1), Slots.Job("c/1", 1, priority: 1, submitted: 3), Slots.Job("b/2", 2, submitted: 1)];
        var other = new ReservationPolicy(_time, new SchedulingOptions());
        foreach (var policy in (ReservationPolicy[])[_policy, other])
        {
            policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, Slots.Job("a/0"))));
            foreach (var job in policy == other ? jobs.Reverse() : jobs)
            {
                policy.Reserve(job);
            }
        }

        Assert.Equal(["c/1", "b/1", "a/1", "b/2", "a/2"], _policy.Queue);
        Assert.Equal(_policy.Queue, other.Queue);
    }

    [Fact]
    public void AMoveKeepsItsSlotWhileTheWorkerStops()
    {
        var job = Slots.Job("r/1");
        var here = Slots.Silo("a", Slots.Busy("0", Slots.Cpu, job));
        _policy.Report(here);
        _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu)));

        var move = _policy.Move(job, "b");
        Assert.Equal(("b", "0"), (move.Granted!.Silo, move.Granted.Slot));
        Assert.Equal(move.Granted, _policy.Move(job, "b").Granted);
        Assert.NotNull(_policy.Reserve(job).Running);
        Assert.Null(_policy.Reserve(Slots.Job("r/2", 2)).Granted);

        // Longer than a reservation lives: the old worker commits meanwhile.
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(6);
            _policy.Report(here);
            _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu)));
        }

        Assert.Equal(move.Granted, _policy.Reserve(job, "a", "claim-r/1").Granted);
        _policy.Report(Slots.Silo("b", Slots.Busy("0", Slots.Cpu, job)));
        Assert.Empty(_policy.Reservations);
    }

    [Fact]
    public void AMovesSlotIsGivenUpWhenNobodyComesOrItsSiloGoes()
    {
        var job = Slots.Job("r/1");
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, job)));
        _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu)));
        Assert.NotNull(_policy.Move(job, "b").Granted);
        _time.Advance(7.1);
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, job)));
        Assert.Empty(_policy.Reservations);
        Assert.Empty(_policy.Queue);

        _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu)));
        Assert.NotNull(_policy.Move(job, "b").Granted);
        for (var i = 0; i < 11; i++)
        {
            _time.Advance(6);
            _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, job)));
            _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu)));
        }

        Assert.Empty(_policy.Reservations);

        // A new worker, wherever it came from, ends the move too.
        Assert.NotNull(_policy.Move(job, "b").Granted);
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, job) with { Claim = "new" }));
        Assert.NotNull(_policy.Reserve(job).Running);
        Assert.Empty(_policy.Reservations);
    }

    [Fact]
    public void OnceTheWorkerIsGoneAMoveIsAnOrdinaryReservation()
    {
        var job = Slots.Job("r/1");
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, job)));
        _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu)));
        Assert.NotNull(_policy.Move(job, "b").Granted);

        // Silo a dies; nobody comes for the slot, and it must not look taken care of for a minute.
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(6);
            _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu)));
        }

        Assert.Empty(_policy.Reservations);
    }

    [Theory]
    [InlineData("r/1", "nowhere", "", MoveRefusal.UnknownSilo, "there is no silo 'nowhere'; silos are a, b, c, d")]
    [InlineData("r/1", "b", "9", MoveRefusal.UnknownSlot, "silo 'b' has no slot '9'; its slots are 0, 1")]
    [InlineData("r/1", "c", "", MoveRefusal.NoFreeSlot, "silo 'c' has no slots")]
    [InlineData("r/1", "a", "", MoveRefusal.AlreadyThere, "r/1 already runs on a/0")]
    [InlineData("r/1", "a", "0", MoveRefusal.AlreadyThere, "r/1 already runs on a/0")]
    [InlineData("r/1", "b", "0", MoveRefusal.NoFreeSlot, "r/1 cannot move: 'b/0' is not free")]
    [InlineData("r/1", "d", "", MoveRefusal.NoFreeSlot, "r/1 cannot move: no other slot on silo 'd' that fits is free (it drains)")]
    [InlineData("r/1", "b", "1", MoveRefusal.DoesNotFit, "r/1 needs 16 GiB; the largest slot has 8 GiB")]
    [InlineData("r/1", "", "", MoveRefusal.NoFreeSlot, "r/1 cannot move: no other slot in the cluster that fits is free")]
    [InlineData("r/9", "b", "", MoveRefusal.NotRunning, "r/9 has no worker; only a running job can be moved")]
    public void AMoveThatCannotBeSaysWhy(string job, string silo, string slot, MoveRefusal refusal, string message)
    {
        var one = Slots.Job("r/1", needs: new ResourceNeeds(16L << 30));
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.T4, one)));
        _policy.Report(Slots.Silo("b", Slots.Busy("0", Slots.T4, Slots.Job("r/2")), Slots.Free("1", Slots.Cpu)));
        _policy.Report(Slots.Silo("c"));
        _policy.Report(Slots.Silo("d", Slots.Free("0", Slots.A100)) with { Draining = true });

        var decision = _policy.Move(one with { Job = job }, silo, slot);

        Assert.Equal((null, refusal, message), (decision.Granted, decision.Refusal, decision.Message));
        Assert.Empty(_policy.Reservations);
    }

    [Fact]
    public void AMoveWithoutATargetTakesTheFastest()
    {
        _policy.Speeds.Learn(Slots.H100.Class, "s", 400);
        _policy.Speeds.Learn(Slots.T4.Class, "s", 50);
        var job = Slots.Job("r/1", shape: "s", samples: 100);
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.T4, job), Slots.Free("1", Slots.T4)));
        _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.T4), Slots.Free("1", Slots.H100)));
        Assert.Equal("b/1", _policy.Move(job).Granted is { } granted ? $"{granted.Silo}/{granted.Slot}" : "");
        Assert.Equal("a/1", _policy.Move(job, "a", "1").Granted is { } other ? $"{other.Silo}/{other.Slot}" : "");
        Assert.Single(_policy.Reservations);
    }

    [Fact]
    public void TheJobsOfADrainingSiloAreGivenSlotsWhileTheyRunTheMostUrgentFirst()
    {
        var (low, high) = (Slots.Job("low/1"), Slots.Job("high/1", priority: 1, submitted: 1));
        _policy.Report(Slots.Silo("b"));
        _policy.Report(Slots.Silo("a", Slots.Busy("0", Slots.Cpu, low), Slots.Busy("1", Slots.Cpu, high)) with { Draining = true });
        _policy.Reserve(Slots.Job("low/2", 2));

        Assert.Equal(["high/1"], _policy.Report(Slots.Silo("b", Slots.Free("0", Slots.Cpu))));
        Assert.NotNull(_policy.Reserve(high).Running);
        Assert.Equal(["low/1"], _policy.Report(Slots.Silo("c", Slots.Free("0", Slots.Cpu))));
        Assert.Equal("b", _policy.Reserve(high, "", "claim-high/1").Granted!.Silo);
        Assert.Equal("c", _policy.Reserve(low, "", "claim-low/1").Granted!.Silo);
        Assert.Equal(["low/2"], _policy.Queue);
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

    /// <summary>
    /// The same with moves and drains: workers are told to leave and stop some time later, silos drain, go and come back under another
    /// address. No slot is set aside twice, no job runs twice, a job that was moved lands where it was sent unless that place is gone, and all finish.
    /// </summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    public void MovesAndDrainsNeverDoubleBook(int seed)
    {
        var random = new System.Random(seed);
        var policy = new ReservationPolicy(_time, new SchedulingOptions());
        SlotFacts[] kinds = [Slots.Cpu, Slots.T4, Slots.H100];
        var generation = new Dictionary<string, int> { ["a"] = 1, ["b"] = 1, ["c"] = 1, ["d"] = 1 };
        var (away, draining) = (new Dictionary<string, double>(), new HashSet<string>());
        var running = new Dictionary<(string Silo, string Slot), (QueueOrder Job, string Claim, double Until, double StopAt)>();
        var (left, ended, sent) = (new Dictionary<string, double>(), new Dictionary<string, string>(), new Dictionary<string, Reservation>());
        QueueOrder[] jobs = [.. Enumerable.Range(0, 14).Select(i => Slots.Job($"{"xyz"[i % 3]}/{i}", i, priority: i % 5 == 0 ? 1 : 0, needs: i % 4 == 0 ? new ResourceNeeds(10L << 30) : null, shape: "s", samples: 1000))];
        foreach (var job in jobs)
        {
            left[job.Job] = 20 + (random.NextDouble() * 200);
        }

        var (now, landed, moves) = (0.0, 0, 0);
        for (var turn = 0; turn < 30_000 && left.Count > 0; turn++)
        {
            var step = random.NextDouble();
            now += step;
            _time.Advance(step);
            foreach (var (place, worker) in running.ToArray())
            {
                if (worker.Until <= now || worker.StopAt <= now)
                {
                    running.Remove(place);
                    ended[worker.Job.Job] = worker.Claim;
                    left[worker.Job.Job] = worker.Until - now;
                    if (worker.Until <= now)
                    {
                        left.Remove(worker.Job.Job);
                    }
                }
            }

            if (random.Next(60) == 0)
            {
                // A drain: everyone there is told to stop.
                var silo = "abcd"[random.Next(4)].ToString();
                if (!away.ContainsKey(silo) && draining.Add(silo))
                {
                    foreach (var place in running.Keys.Where(x => x.Silo == silo).ToArray())
                    {
                        running[place] = running[place] with { StopAt = now + (3 * random.NextDouble()) };
                    }
                }
            }

            foreach (var silo in draining.Where(x => running.Keys.All(p => p.Silo != x)).ToArray())
            {
                draining.Remove(silo);
                away[silo] = now + (20 * random.NextDouble());
                generation[silo]++;
            }

            foreach (var silo in away.Where(x => x.Value <= now).Select(x => x.Key).ToArray())
            {
                away.Remove(silo);
            }

            foreach (var silo in generation.Keys.Where(x => !away.ContainsKey(x) && random.Next(8) > 0))
            {
                Report(silo);
            }

            if (running.Count > 0 && random.Next(4) == 0)
            {
                var (place, worker) = running.ElementAt(random.Next(running.Count));
                var move = policy.Move(worker.Job, random.Next(3) == 0 ? "" : "abcd"[random.Next(4)].ToString());
                if (move.Granted is { } target)
                {
                    moves++;
                    sent[worker.Job.Job] = target;
                    running[place] = worker with { StopAt = Math.Min(worker.StopAt, now + (5 * random.NextDouble())) };
                }
            }

            Assert.Equal(policy.Reservations.Count, policy.Reservations.DistinctBy(x => (x.Silo, x.Slot)).Count());
            foreach (var job in jobs.Where(x => left.ContainsKey(x.Job) && running.Values.All(r => r.Job.Job != x.Job) && random.Next(3) == 0))
            {
                var decision = policy.Reserve(job, endedClaim: ended.GetValueOrDefault(job.Job, ""));
                if (decision.Granted is not { } granted || away.ContainsKey(granted.Silo) || draining.Contains(granted.Silo) || granted.Address != $"{granted.Silo}@{generation[granted.Silo]}")
                {
                    continue;
                }

                if (running.TryAdd((granted.Silo, granted.Slot), (job, $"{job.Job}-{turn}", now + left[job.Job], double.PositiveInfinity)))
                {
                    Assert.True(job.Demand.Needs.FitOn(Facts(granted.Slot)), $"{job.Job} does not fit on {granted.Slot}");
                    landed += sent.Remove(job.Job, out var target) && target == granted ? 1 : 0;
                    Report(granted.Silo);
                }
            }

            Assert.Equal(running.Count, running.Values.DistinctBy(x => x.Job.Job).Count());
        }

        Assert.Empty(left);
        Assert.True(landed > 0, $"{landed} of {moves} moves landed");

        SlotFacts Facts(string slot) => kinds[slot[0] - '0'];

        void Report(string silo) => policy.Report(new SiloReport(
            silo,
            $"{silo}@{generation[silo]}",
            [.. Enumerable.Range(0, 3).Select(i => $"{i}").Select(slot => running.TryGetValue((silo, slot), out var worker)
                ? Slots.Busy(slot, Facts(slot), worker.Job, new RunningWork(Rate: 10 * (1 + slot[0] - '0'), Step: 1, Total: 1000)) with { Claim = worker.Claim }
                : Slots.Free(slot, Facts(slot)))],
            draining.Contains(silo)));
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
