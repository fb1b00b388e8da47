using Paris.Core.Scheduling;
using Xunit;
using static Paris.Core.Tests.Scheduling.Slots;

namespace Paris.Core.Tests.Scheduling;

public sealed class FairQueueTests
{
    private static readonly Dictionary<string, int> _none = [];

    [Fact]
    public void RunsOfEqualPriorityTakeTurnsInTheOrderOfTheirPlans()
    {
        QueueOrder[] jobs = [Job("b/1", 1, submitted: 1), Job("a/3", 3), Job("a/1", 1), Job("b/2", 2, submitted: 1), Job("a/2", 2)];
        Assert.Equal(["a/1", "b/1", "a/2", "b/2", "a/3"], Keys(FairQueue.Serve(jobs, _none)));
        Assert.Equal(Keys(FairQueue.Serve(jobs, _none)), Keys(FairQueue.Serve(jobs.Reverse(), _none)));
    }

    [Fact]
    public void WhoHoldsFewerSlotsIsServedFirst()
    {
        QueueOrder[] jobs = [Job("a/8", 8), Job("a/9", 9), Job("b/1", 1, submitted: 1), Job("b/2", 2, submitted: 1), Job("b/3", 3, submitted: 1)];
        Assert.Equal(["b/1", "b/2", "a/8", "b/3", "a/9"], Keys(FairQueue.Serve(jobs, new Dictionary<string, int> { ["a"] = 2 })));
    }

    [Fact]
    public void SharesAreKept()
    {
        var jobs = Enumerable.Range(0, 30).SelectMany(i => (QueueOrder[])[Job($"a/{i}", i, share: 2), Job($"b/{i}", i, submitted: 1)]);
        var first = FairQueue.Serve(jobs, _none).Take(30).CountBy(x => x.Run).ToDictionary();
        Assert.Equal((20, 10), (first["a"], first["b"]));
    }

    [Fact]
    public void PriorityGoesBeforeShareAndLeavingJobsGoFirstWithinIt()
    {
        QueueOrder[] jobs = [Job("a/1", 1), Job("a/2", 2), Job("urgent/1", 1, priority: 1, submitted: 5), Job("urgent/2", 2, priority: 1, submitted: 5)];
        Assert.Equal(["urgent/1", "urgent/2", "a/2", "a/1"], Keys(FairQueue.Serve(jobs, new Dictionary<string, int> { ["urgent"] = 9 }, new HashSet<string> { "a/2" })));
    }

    [Fact]
    public void AJobThatNothingFitsCostsItsRunNothing()
    {
        QueueOrder[] jobs = [Job("a/big", 1), Job("a/2", 2), Job("b/1", 1, submitted: 1)];
        Assert.Equal(["a/big", "a/2", "b/1"], Keys(FairQueue.Serve(jobs, _none, serve: x => x.Job != "a/big")));
    }

    [Fact]
    public void NobodyStarves()
    {
        // One slot, three runs with one or many jobs; whoever is served holds the slot for a turn and comes back as a new job.
        var left = new Dictionary<string, int> { ["a"] = 200, ["b"] = 5, ["c"] = 5 };
        var held = new Queue<string>(["a", "a", "a"]);
        var turns = 0;
        while (left["b"] + left["c"] > 0 && turns < 100)
        {
            held.Dequeue();
            turns++;
            var waiting = left.Where(x => x.Value > 0).Select((x, i) => Job($"{x.Key}/{x.Value}", submitted: i));
            var next = FairQueue.Serve(waiting, held.CountBy(x => x).ToDictionary())[0].Run;
            left[next]--;
            held.Enqueue(next);
        }

        Assert.InRange(turns, 1, 16);
    }

    private static IEnumerable<string> Keys(IEnumerable<QueueOrder> jobs) => jobs.Select(x => x.Job);
}
