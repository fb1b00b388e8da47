using Paris.Cli.Chaos;
using Paris.Core.Rest;

namespace Paris.Cli.Tests.Chaos;

/// <summary>The report's arithmetic.</summary>
public sealed class ChaosReportTests
{
    private const string A = "demo/expert/0";
    private const string B = "demo/expert/1";

    [Fact]
    public void A_pruned_checkpoint_is_not_lost_and_one_that_nothing_replaces_is()
    {
        var ledger = new CheckpointLedger();

        ledger.See([FaultWatchTests.Head(A, 1, (20, 1), (10, 1))]);
        ledger.See([FaultWatchTests.Head(A, 2, (30, 2), (20, 1))]);
        Assert.Empty(ledger.Lost);
        ledger.See([FaultWatchTests.Head(A, 3, (20, 1))]);

        Assert.Equal(["runs/demo/expert/0/step-00000030-e2.safetensors"], ledger.Lost);
        Assert.Equal(3, ledger.Seen);
    }

    [Fact]
    public void A_step_that_a_later_epoch_commits_again_is_not_lost()
    {
        var ledger = new CheckpointLedger();

        ledger.See([FaultWatchTests.Head(A, 1, (20, 1))]);
        ledger.See([FaultWatchTests.Head(A, 2, (20, 2))]);

        Assert.Empty(ledger.Lost);
    }

    [Fact]
    public void A_damaged_checkpoint_is_lost()
    {
        var ledger = new CheckpointLedger();

        ledger.See([FaultWatchTests.Head(A, 1, (20, 1)) with { Damaged = ["runs/x"] }]);

        Assert.Equal(["runs/x"], ledger.Lost);
    }

    [Fact]
    public void Goodput_counts_a_step_once_and_knows_when_a_job_had_no_more_to_do()
    {
        var goodput = new Goodput();
        goodput.Begin([Job(A, 0), Job(B, 900), Job("demo/router", 5)]);

        // 10 s: A did 100 steps, B 50, the router none.
        goodput.Measure(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), [Job(A, 100), Job(B, 950), Job("demo/router", 5)]);
        Assert.Equal(15, goodput.Undisturbed);

        // 40 s: A went to 300, back to 200 and to 400; B finished its last 50 of 1000.
        goodput.See([Job(A, 300), Job(B, 1000)]);
        goodput.See([Job(A, 200), Job(B, 990) with { State = "completed" }]);
        goodput.See([Job(A, 400)]);

        Assert.Equal(350, goodput.Steps);
        Assert.Equal(350.0 / (400 + 50), goodput.At(TimeSpan.FromSeconds(50))!.Value, 9);
    }

    [Fact]
    public void Goodput_of_nothing_is_unknown() => Assert.Null(new Goodput().At(TimeSpan.FromSeconds(1)));

    [Fact]
    public void A_report_names_what_broke_and_sums_by_kind()
    {
        var report = Report(
            Fault(1) with { Recovery = 1, StepsLost = 4 },
            Fault(2) with { Recovery = 4, StepsLost = 1 },
            Fault(3) with { Recovery = 2 },
            Fault(4) with { Recovery = 0, Touched = [] },
            Fault(5) with { Skipped = "nothing to aim at" });

        Assert.Empty(report.Broken);
        Assert.Equal(new FaultSummary(ChaosFault.WorkerKill, 4, 2, 4, 5), Assert.Single(report.Summary));
        Assert.Contains("worker-kill: 4, trains again after 2.0 s (median), 4.0 s at most, 5 steps lost", ChaosTables.Lines(report));

        var broken = Report(Fault(1), Fault(2) with { Recovery = 1, Disturbed = [B] }) with { CheckpointsLost = ["runs/x"] };
        Assert.Collection(
            broken.Broken,
            x => Assert.Equal("1 checkpoints lost: runs/x", x),
            x => Assert.Equal("fault 2 disturbed demo/expert/1, which it did not touch", x),
            x => Assert.Equal("after fault 1 not every job of demo/expert/0 trained again in time", x));
    }

    private static FaultRecord Fault(int number) => new() { Number = number, At = number, Fault = ChaosFault.WorkerKill, Silo = "a", Job = A, Touched = [A] };

    private static ChaosReport Report(params FaultRecord[] faults)
        => new() { Seed = 1, Seconds = 60, Faults = faults, CheckpointsSeen = 9, CheckpointsLost = [], UndisturbedRate = 10, Steps = 500, Goodput = 0.8 };

    private static JobView Job(string key, long step) => FaultWatchTests.Job(key, 1, step);
}
