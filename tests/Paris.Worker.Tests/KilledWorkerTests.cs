using Paris.Core.Jobs;
using Paris.Core.Random;
using Xunit;

namespace Paris.Worker.Tests;

/// <summary>
/// What a real worker process leaves when it is killed, stopped, fenced or deserted. Slow by nature: every start of a process is a start
/// of .NET and libtorch.
/// </summary>
public sealed class KilledWorkerTests(TinyRun run) : IClassFixture<TinyRun>
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    [Fact]
    public void Weights_after_many_kills_are_those_of_an_undisturbed_run()
    {
        var undisturbed = run.Copy("undisturbed");
        WorkerProcess.Complete(undisturbed, run.Expert, TinyRun.NewClaim());
        var expected = run.Result(undisturbed)!.Facts["weights-sha256"];

        var store = run.Copy("killed");
        var random = new PhiloxKey(1, RandomPurpose.Simulation).Stream();
        var (kills, owners) = (0, 0);
        for (var attempt = 0; attempt < 40; attempt++)
        {
            using var worker = WorkerProcess.Start(store, run.Expert, TinyRun.NewClaim());
            // None, when the last kill came after the result.
            var ready = worker.Next<ReadyEvent>(_patience) is not null;
            owners += ready ? 1 : 0;
            if (!ready || attempt >= 8)
            {
                Assert.Equal(0, worker.WaitForExit(_patience));
                break;
            }

            // Somewhere in the next steps, wherever the worker is: stepping, snapshotting, uploading, committing.
            Thread.Sleep(random.NextInt(250));
            worker.Kill();
            kills++;
        }

        Assert.True(kills >= 3, $"only {kills} kills hit a running worker");
        Assert.Equal(expected, run.Result(store)!.Facts["weights-sha256"]);
        Assert.Equal(owners, run.Head(store)!.Epoch);
    }

    [Fact]
    public void A_stop_commits_and_the_next_worker_goes_on_from_there()
    {
        var store = run.Copy("stopped");
        using (var worker = WorkerProcess.Start(store, run.Expert, TinyRun.NewClaim()))
        {
            Assert.NotNull(worker.Next<ReadyEvent>(_patience));
            worker.Send(new StopCommand("test"));
            Assert.Equal((int)WorkerExitCode.Stopped, worker.WaitForExit(_patience));
        }

        var stopped = run.Head(store)!;
        Assert.Null(stopped.Result);
        using var next = WorkerProcess.Start(store, run.Expert, TinyRun.NewClaim());
        Assert.Equal(stopped.Step, next.Next<ReadyEvent>(_patience)!.Step);
        Assert.Equal(0, next.WaitForExit(_patience));
    }

    [Fact]
    public void A_worker_whose_silo_dies_commits_and_ends()
    {
        var store = run.Copy("deserted");
        using var worker = WorkerProcess.Start(store, run.Expert, TinyRun.NewClaim());
        Assert.NotNull(worker.Next<ReadyEvent>(_patience));
        worker.CloseInput();
        Assert.Equal((int)WorkerExitCode.Stopped, worker.WaitForExit(_patience));
        Assert.Null(run.Head(store)!.Result);
    }

    [Fact]
    public void A_worker_that_was_replaced_commits_nothing()
    {
        var store = run.Copy("fenced");
        using var zombie = WorkerProcess.Start(store, run.Expert, TinyRun.NewClaim());
        Assert.NotNull(zombie.Next<ReadyEvent>(_patience));
        var claim = TinyRun.NewClaim();
        using var successor = WorkerProcess.Start(store, run.Expert, claim);
        Assert.NotNull(successor.Next<ReadyEvent>(_patience));
        Assert.Equal((int)WorkerExitCode.Fenced, zombie.WaitForExit(_patience));
        Assert.Equal(0, successor.WaitForExit(_patience));
        var head = run.Head(store)!;
        Assert.Equal(claim, head.Claim);
        Assert.Equal(2, head.Epoch);
        Assert.NotNull(head.Result);
    }

    [Fact]
    public void A_repeated_start_of_finished_work_changes_nothing()
    {
        var store = run.Copy("finished");
        WorkerProcess.Complete(store, run.Expert, TinyRun.NewClaim());
        var head = run.Head(store)!;
        WorkerProcess.Complete(store, run.Expert, TinyRun.NewClaim());
        Assert.Equal(head.Epoch, run.Head(store)!.Epoch);
        Assert.Equal(head.Claim, run.Head(store)!.Claim);
    }

    [Fact]
    public void Bad_input_ends_with_its_own_code_and_one_line()
    {
        using var worker = WorkerProcess.Start(run.Copy("missing"), JobId.ForExpert("absent", 0), TinyRun.NewClaim());
        var failed = worker.Next<FailedEvent>(_patience);
        Assert.Equal((int)WorkerExitCode.BadInput, worker.WaitForExit(_patience));
        Assert.Contains("absent", failed!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failed.Message);
    }

    /// <summary>A frozen silo neither writes nor reads. Slow: the silence itself lasts ten seconds.</summary>
    [Fact]
    public void A_worker_of_a_frozen_silo_commits_once_more_and_ends_within_15_seconds()
    {
        // So many steps that the run lasts longer than the silence.
        var store = run.Copy("frozen", run.Spec with { Expert = run.Spec.Expert with { Training = run.Spec.Expert.Training with { Steps = 1_000_000 } } });
        using var worker = WorkerProcess.Start(store, run.Expert, TinyRun.NewClaim(), heartbeats: false, reads: false);
        var started = TimeProvider.System.GetTimestamp();
        Assert.Equal((int)WorkerExitCode.Stopped, worker.WaitForExit(_patience));

        // The start of the process and of libtorch counts, too.
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, WorkerProtocol.HeartbeatTimeout.TotalSeconds, 15 + 10);
        var head = run.Head(store)!;
        Assert.Null(head.Result);
        Assert.True(head.Step > 0);
        Assert.Equal(head.Step, head.Checkpoints[0].Step);
    }

    [Fact]
    public void A_worker_without_a_silo_does_not_stay()
    {
        using var worker = WorkerProcess.Start(run.Copy("silent"), run.Expert, TinyRun.NewClaim(), heartbeats: false);
        worker.CloseInput();
        Assert.Contains(worker.WaitForExit(_patience), new[] { 0, (int)WorkerExitCode.Stopped });
    }
}
