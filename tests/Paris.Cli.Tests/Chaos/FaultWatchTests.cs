using Paris.Cli.Chaos;
using Paris.Core.Jobs;
using Paris.Core.Rest;

namespace Paris.Cli.Tests.Chaos;

/// <summary>What a watch makes of what the gateway says, second by second.</summary>
public sealed class FaultWatchTests
{
    private const string A = "demo/expert/0";
    private const string B = "demo/expert/1";

    [Fact]
    public void A_killed_worker_recovers_when_the_next_one_trains_and_loses_what_was_not_committed()
    {
        var watch = Watch(ChaosFault.WorkerKill, 0, A);

        See(watch, 0.5, Job(A, epoch: 1, step: 118));
        See(watch, 1, Job(A, epoch: 1, step: 120, state: "starting"));
        Assert.False(watch.Recovered || watch.WantsHeads);
        See(watch, 2, Job(A, epoch: 2, step: 100));
        Assert.True(watch.WantsHeads);
        watch.See(TimeSpan.FromSeconds(2), [Job(A, epoch: 2, step: 100)], [Head(A, 2, (100, 1), (90, 1))]);
        Assert.False(watch.Recovered || watch.WantsHeads);
        See(watch, 3, Job(A, epoch: 2, step: 103));

        Assert.Equal((3.0, 20, 0), (watch.Recovery!.Value.TotalSeconds, watch.StepsLost, watch.Disturbed.Count));
    }

    [Fact]
    public void A_new_worker_that_has_committed_already_does_not_hide_where_it_began()
    {
        var watch = Watch(ChaosFault.SiloKill, 0, A);

        watch.See(TimeSpan.FromSeconds(4), [Job(A, epoch: 3, step: 205)], [Head(A, 3, (200, 3), (100, 1))]);

        Assert.Equal((4.0, 10), (watch.Recovery!.Value.TotalSeconds, watch.StepsLost));
    }

    [Fact]
    public void A_killed_workers_last_words_are_no_recovery()
    {
        var watch = Watch(ChaosFault.WorkerKill, 0, A);

        See(watch, 1, Job(A, epoch: 1, step: 112));
        See(watch, 2, Job(A, epoch: 1, step: 114));

        Assert.False(watch.Recovered);
        Assert.Null(watch.Recovery);
    }

    [Fact]
    public void A_paused_worker_that_goes_on_recovers_from_the_end_of_the_pause()
    {
        var watch = Watch(ChaosFault.WorkerPause, 10, A);

        See(watch, 1, Job(A, epoch: 1, step: 111));
        See(watch, 10.5, Job(A, epoch: 1, step: 111));
        Assert.False(watch.Recovered);
        See(watch, 12, Job(A, epoch: 1, step: 113));

        Assert.Equal((2.0, 0), (watch.Recovery!.Value.TotalSeconds, watch.StepsLost));
    }

    [Fact]
    public void A_paused_worker_that_was_replaced_before_the_pause_ended_took_no_time_after_it()
    {
        var watch = Watch(ChaosFault.SiloPause, 60, A);

        See(watch, 12, Job(A, epoch: 2, step: 100));
        See(watch, 13, Job(A, epoch: 2, step: 101));

        Assert.Equal(TimeSpan.Zero, watch.Recovery);
    }

    [Fact]
    public void A_neighbour_that_is_replaced_was_disturbed_and_one_that_trains_on_was_not()
    {
        var watch = new FaultWatch(ChaosFault.SiloKill, [Job(A, 1, 110), Job(B, 4, 50), Job("demo/router", 1, 5), Job("demo/twin", 0, 0, "queued")], new HashSet<string> { A }, TimeSpan.Zero);

        See(watch, 5, Job(A, 2, 100), Job(B, 5, 40), Job("demo/router", 1, 9), Job("demo/twin", 1, 1));

        Assert.Equal([B], watch.Disturbed);
        Assert.Equal([A], watch.Touched);
    }

    [Fact]
    public void A_touched_job_that_ends_meanwhile_needs_no_recovery()
    {
        var watch = Watch(ChaosFault.WorkerKill, 0, A);

        See(watch, 2, Job(A, epoch: 1, step: 200, state: "completed"));

        Assert.Equal(2, watch.Recovery!.Value.TotalSeconds);
    }

    [Fact]
    public void A_fault_that_touches_nobody_is_over_at_once()
        => Assert.Equal(TimeSpan.Zero, new FaultWatch(ChaosFault.SiloKill, [Job(A, 1, 10)], new HashSet<string>(), TimeSpan.Zero).Recovery);

    internal static JobView Job(string key, int epoch, long step, string state = "running")
        => new() { Key = key, Kind = "expert", State = state, Epoch = epoch, Step = step, Total = 1000, Silo = "a" };

    internal static HeadView Head(string job, int epoch, params (long Step, int Epoch)[] checkpoints)
        => new(job, epoch, checkpoints.Length == 0 ? 0 : checkpoints[0].Step, [.. checkpoints.Select(x => new CheckpointEntry($"runs/{job}/step-{x.Step:D8}-e{x.Epoch}.safetensors", x.Step, 8, $"{x.Step}-{x.Epoch}"))]);

    private static FaultWatch Watch(ChaosFault fault, double seconds, string touched)
        => new(fault, [Job(A, 1, 110), Job(B, 1, 50)], new HashSet<string> { touched }, TimeSpan.FromSeconds(seconds));

    private static void See(FaultWatch watch, double at, params JobView[] jobs) => watch.See(TimeSpan.FromSeconds(at), jobs, []);
}
