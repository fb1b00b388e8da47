using Paris.Core.Scheduling;
using Xunit;
using static Paris.Core.Tests.Scheduling.Slots;

namespace Paris.Core.Tests.Scheduling;

/// <summary>A T4 does 50 samples a second, an A100 200, an H100 400; a checkpoint takes 4 s, a start 16 s.</summary>
public sealed class RebalancerTests
{
    private readonly ManualTime _time = new();
    private readonly SpeedTable _speeds = new();
    private readonly RebalanceOptions _options = new();
    private readonly Rebalancer _rebalancer;

    public RebalancerTests()
    {
        _rebalancer = new Rebalancer(_time, _options);
        _speeds.Learn(T4.Class, "s", 50);
        _speeds.Learn(A100.Class, "s", 200);
        _speeds.Learn(H100.Class, "s", 400);
    }

    [Fact]
    public void MovesToTheFastestFreeSlotAndSaysWhatIsGained()
    {
        var move = Next(Silo("a", On("0", T4, "r/1", 100_000)), Silo("b", Free("0", A100), Free("1", H100)));
        Assert.Equal(("r/1", "a/0", "b", "1", 2000.0, 2000.0 - 250 - 20), (move!.Job.Job, move.From, move.Silo, move.Slot, move.Seconds, move.Gain));
    }

    [Theory]
    [InlineData(9_000, false)] // 180 s left, 22 s there, 20 s of cost: 137 s gained of at least 120
    [InlineData(8_000, true)] // 160 s left: 120 s
    [InlineData(7_990, true)]
    public void LeastGainDecidesNearTheEnd(double left, bool below)
    {
        var seconds = left / 50;
        var gain = seconds - (left / 400) - 20;
        Assert.Equal(below, gain <= 120);
        Assert.Equal(gain < 120, Next(Silo("a", On("0", T4, "r/1", left)), Silo("b", Free("0", H100))) is null);
    }

    [Fact]
    public void ASlightlyFasterSlotIsNotWorthIt()
    {
        _speeds.Learn("better", "s", 59);
        var better = T4 with { Model = "better" };
        Assert.Null(Next(Silo("a", On("0", T4, "r/1", 1_000_000)), Silo("b", Free("0", better))));
        Assert.NotNull(Next(Silo("a", On("0", T4, "r/1", 1_000_000)), Silo("b", Free("0", H100))));
    }

    [Fact]
    public void MeasuredCostsCount()
    {
        SlotReport Slow(double checkpoint) => On("0", T4, "r/1", 20_000, work => work with { CheckpointSeconds = checkpoint });
        Assert.Null(Next(Silo("a", Slow(300)), Silo("b", Free("0", H100))));
        Assert.NotNull(Next(Silo("a", Slow(3)), Silo("b", Free("0", H100))));
    }

    [Fact]
    public void NeverToAnEqualOrSlowerOrUnfittingOrUnmeasuredOrDrainingSlot()
    {
        var silo = Silo("a", On("0", A100, "r/1", 1_000_000, needs: new ResourceNeeds(30L << 30)));
        Assert.Null(Next(silo, Silo("b", Free("0", A100), Free("1", T4))));
        Assert.Null(Next(silo, Silo("b", Free("0", H100 with { MemoryBytes = 20L << 30 }))));
        Assert.Null(Next(silo, Silo("b", Free("0", H100 with { Model = "never seen" }))));
        Assert.Null(Next(silo, Silo("b", Free("0", H100)) with { Draining = true }));
        Assert.NotNull(Next(silo, Silo("b", Free("0", H100))));
    }

    [Fact]
    public void NothingMovesWhileAJobWaits()
    {
        SiloReport[] silos = [Silo("a", On("0", T4, "r/1", 100_000)), Silo("b", Free("0", H100))];
        Assert.Null(_rebalancer.Next(silos, 1, _speeds));
        Assert.NotNull(_rebalancer.Next(silos, 0, _speeds));
    }

    [Fact]
    public void TheBiggestGainGoesFirstAndOneAtATime()
    {
        SiloReport[] silos = [Silo("a", On("0", T4, "r/1", 50_000), On("1", T4, "r/2", 90_000), On("2", T4, "r/3", 70_000)), Silo("b", Free("0", H100), Free("1", H100))];
        Assert.Equal("r/2", _rebalancer.Next(silos, 0, _speeds)!.Job.Job);
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(2);
            Assert.Null(_rebalancer.Next(silos, 0, _speeds));
        }

        // It arrived: the next one.
        silos = [Silo("a", On("0", T4, "r/1", 50_000), Free("1", T4), On("2", T4, "r/3", 70_000)), Silo("b", On("0", H100, "r/2", 90_000, work => work with { Seconds = 1 }), Free("1", H100))];
        Assert.Equal("r/3", _rebalancer.Next(silos, 0, _speeds)!.Job.Job);
    }

    [Fact]
    public void AYoungWorkerIsLeftAloneByANewRebalancerToo()
    {
        SlotReport Aged(double seconds) => On("0", T4, "r/1", 1_000_000, work => work with { Seconds = seconds });
        Assert.Null(Next(Silo("a", Aged(599)), Silo("b", Free("0", H100))));
        Assert.NotNull(Next(Silo("a", Aged(601)), Silo("b", Free("0", H100))));
    }

    [Fact]
    public void AJobThatDidNotArriveIsNotToldAgainWithinTheCoolDown()
    {
        SiloReport[] silos = [Silo("a", On("0", T4, "r/1", 1_000_000)), Silo("b", Free("0", H100))];
        Assert.NotNull(_rebalancer.Next(silos, 0, _speeds));
        var told = 0;
        for (var seconds = 0; seconds < 595; seconds += 5)
        {
            _time.Advance(5);
            told += _rebalancer.Next(silos, 0, _speeds) is null ? 0 : 1;
        }

        Assert.Equal(0, told);
        _time.Advance(10);
        Assert.NotNull(_rebalancer.Next(silos, 0, _speeds));
    }

    [Fact]
    public void WhatIsNotKnownDoesNotMove()
    {
        var busy = On("0", T4, "r/1", 100_000);
        Assert.Null(Next(Silo("a", busy with { Order = null }), Silo("b", Free("0", H100))));
        Assert.Null(Next(Silo("a", busy with { Epoch = 0 }), Silo("b", Free("0", H100))));
        Assert.Null(Next(Silo("a", busy with { Order = Job("r/1", shape: "unheard of", samples: 100_000) }), Silo("b", Free("0", H100))));
        Assert.Null(Next(Silo("a", busy with { Order = Job("r/1", shape: "s"), Work = busy.Work with { Total = 0 } }), Silo("b", Free("0", H100))));
        Assert.Null(Next());
    }

    /// <summary>
    /// Random clusters for hours of virtual time. Workers run at their class's speed and every move is carried out: no job ever moves twice
    /// within the cool-down, every move is to a faster class, and nobody finishes later than without the rebalancer.
    /// </summary>
    [Fact]
    public void NeverFlapsAndNeverLoses()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new System.Random(seed);
            SlotFacts[] kinds = [T4, A100, H100];
            var speed = new Dictionary<string, double> { [T4.Class] = 50, [A100.Class] = 200, [H100.Class] = 400 };
            var time = new ManualTime();
            var rebalancer = new Rebalancer(time, _options);
            var slots = Enumerable.Range(0, 8).Select(i => (Name: $"{i}", Facts: kinds[random.Next(3)])).ToArray();
            var jobs = Enumerable.Range(0, 6).Select(i => (Name: $"r/{i}", Left: random.Next(10_000, 400_000) * 1.0)).ToArray();
            var at = Enumerable.Range(0, 6).ToArray();
            var readyAt = new double[6];
            var startedAt = new double[6];
            var movedAt = Enumerable.Repeat(double.NegativeInfinity, 6).ToArray();
            var end = jobs.Select((x, i) => x.Left / speed[slots[at[i]].Facts.Class]).ToArray();
            for (var now = 0.0; jobs.Any(x => x.Left > 0) && now < 20_000; now += 5)
            {
                time.Advance(5);
                for (var i = 0; i < jobs.Length; i++)
                {
                    if (jobs[i].Left > 0 && now >= readyAt[i])
                    {
                        jobs[i].Left -= 5 * speed[slots[at[i]].Facts.Class];
                        Assert.True(jobs[i].Left > 0 || now <= end[i] + 25, $"seed {seed}: job {i} lost time");
                    }
                }

                var report = Silo("a", [.. slots.Select((slot, s) => Array.IndexOf(at, s) is >= 0 and var i && jobs[i].Left > 0
                    ? On(slot.Name, slot.Facts, jobs[i].Name, jobs[i].Left, work => work with { Rate = speed[slot.Facts.Class], Seconds = now - startedAt[i] }) with { Epoch = now >= readyAt[i] ? 1 : 0 }
                    : Free(slot.Name, slot.Facts))]);
                if (rebalancer.Next([report], 0, _speeds) is { } move)
                {
                    var i = Array.FindIndex(jobs, x => x.Name == move.Job.Job);
                    var to = int.Parse(move.Slot, System.Globalization.CultureInfo.InvariantCulture);
                    Assert.True(speed[slots[to].Facts.Class] > speed[slots[at[i]].Facts.Class], $"seed {seed}: to a slower slot");
                    Assert.True(now - movedAt[i] >= _options.CoolDown.TotalSeconds, $"seed {seed}: job {i} flaps");
                    (at[i], movedAt[i], startedAt[i], readyAt[i]) = (to, now, now, now + 20);
                }
            }

            Assert.All(jobs, x => Assert.True(x.Left <= 0));
        }
    }

    private Relocation? Next(params SiloReport[] silos) => new Rebalancer(_time, _options).Next(silos, 0, _speeds);

    /// <summary>A worker an hour old with so many samples left.</summary>
    private static SlotReport On(string slot, SlotFacts facts, string job, double left, Func<RunningWork, RunningWork>? change = null, ResourceNeeds? needs = null)
    {
        var work = new RunningWork(Step: 0, Total: (long)Math.Ceiling(left), Seconds: 3600, StartSeconds: 16, CheckpointSeconds: 4);
        return Busy(slot, facts, Job(job, shape: "s", samples: left, needs: needs), change?.Invoke(work) ?? work);
    }
}
