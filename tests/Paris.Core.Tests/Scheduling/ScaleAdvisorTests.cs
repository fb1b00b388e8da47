using Paris.Core.Scheduling;
using Xunit;
using static Paris.Core.Tests.Scheduling.Slots;

namespace Paris.Core.Tests.Scheduling;

public sealed class ScaleAdvisorTests
{
    private readonly SpeedTable _speeds = new();

    public ScaleAdvisorTests() => _speeds.Learn(Cpu.Class, "s", 10);

    [Fact]
    public void TimeToFinishFallsWithEverySlotUntilTheQueueIsServed()
    {
        var running = Busy("0", Cpu, Job("r/0", shape: "s"), new RunningWork(Rate: 10, Step: 500, Total: 1000));
        QueueOrder[] queue = [.. Enumerable.Range(1, 4).Select(i => Job($"r/{i}", i, shape: "s", samples: 1000))];

        var advice = ScaleAdvisor.Advise([Silo("a", running)], queue, [], _speeds);

        // 50 s are left of the first, 100 s each of the others.
        Assert.Equal([(0, 450.0), (1, 250.0), (2, 200.0), (4, 100.0)], advice.Finish.Select(x => (x.Added, Math.Round(x.Seconds!.Value, 6))));
        Assert.Equal((4, 1, 1, 0), (advice.Queued, advice.Running, advice.Slots, advice.Free));
        Assert.Equal([new SlotsWanted(ResourceNeeds.None, 4, 1, 4)], advice.Wanted);
    }

    [Fact]
    public void SlotsAreWantedByNeeds()
    {
        var big = new ResourceNeeds(40L << 30);
        QueueOrder[] queue = [Job("r/1", needs: big), Job("r/2", needs: big), Job("r/3")];
        var advice = ScaleAdvisor.Advise([Silo("a", Busy("0", A100, Job("r/0")), Free("1", Cpu))], queue, [], _speeds);
        Assert.Equal([new SlotsWanted(big, 2, 1, 2), new SlotsWanted(ResourceNeeds.None, 1, 2, 0)], advice.Wanted);
        Assert.All(advice.Finish, x => Assert.Equal((null, 4), (x.Seconds, x.Unknown)));
    }

    [Fact]
    public void IdleSilosCanGoAndTheNearlyDoneAreDearest()
    {
        var advice = ScaleAdvisor.Advise(
            [
                Silo("control"),
                Silo("half", Busy("0", Cpu, Job("r/1"), new RunningWork(Step: 50, Total: 100)), Free("1", Cpu)),
                Silo("aside", Free("0", Cpu)),
                Silo("done", Busy("0", Cpu, Job("r/2"), new RunningWork(Step: 99, Total: 100))),
                Silo("idle", Free("0", Cpu)),
                Silo("two", Busy("0", Cpu, Job("r/3")), Busy("1", Cpu, Job("r/4"))),
            ],
            [],
            [new Reservation("1", "r/5", "aside", "aside@1", "0")],
            _speeds);
        Assert.Equal(
            [("idle", 0, true), ("aside", 0, false), ("half", 150, false), ("done", 199, false), ("two", 200, false)],
            advice.Silos.Select(x => (x.Silo, x.Cost, x.CanGo)));
    }

    [Fact]
    public void ASiloThatAWaitingJobFitsOnStays()
    {
        QueueOrder[] queue = [Job("r/1", needs: new ResourceNeeds(GpuModel: "A100"))];
        var advice = ScaleAdvisor.Advise([Silo("a", Free("0", A100)), Silo("b", Free("0", Cpu))], queue, [], _speeds);
        Assert.Equal([("b", true), ("a", false)], advice.Silos.Select(x => (x.Silo, x.CanGo)));
    }

    [Fact]
    public void AnEmptyClusterHasAnAnswer()
    {
        var advice = ScaleAdvisor.Advise([], [Job("r/1", shape: "s", samples: 100)], [], _speeds);
        Assert.Equal([(0, (double?)null), (1, 10.0)], advice.Finish.Select(x => (x.Added, x.Seconds is { } seconds ? Math.Round(seconds, 6) : (double?)null)));
        Assert.Empty(ScaleAdvisor.Advise([], [], [], _speeds).Silos);
    }
}
