using System.Text;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Storage;

namespace Paris.Core.Tests.Simulation;

/// <summary>
/// A worker process: takes its job over, trains in chunks, commits at every interval, and goes on training when the store does not answer.
/// Its silo hears of it through a pipe.
/// </summary>
internal sealed class SimWorker
{
    /// <summary>Steps between two checkpoints.</summary>
    public const int Interval = 10;

    private const int Chunk = 5;
    private const int KeepLast = 2;

    /// <summary>How long the store may fail to answer before the worker gives up (its own retries).</summary>
    private const int Attempts = 6;

    private readonly SimLoop _loop;
    private readonly SimStore _store;
    private readonly IBlobStore _link;
    private readonly long _total;
    private readonly double _pace;
    private string _stop = "";

    public SimWorker(SimLoop loop, SimStore store, SimSilo silo, string slot, JobId job, string claim, long total, SimFaults faults, FenceFlaw flaw)
    {
        (_loop, _store, Silo, Slot, Job, Claim, _total) = (loop, store, silo, slot, job, claim, total);
        Process = new SimProcess(loop);
        _link = new SimStoreLink(loop, Process, silo.Node, store, faults);
        if (flaw != FenceFlaw.None)
        {
            _link = new FlawedStore(_link, flaw, claim);
        }

        _pace = loop.Between(0.1, 0.4) * silo.Node.Slowness;
        Seen = new WorkerReport(silo.Name, silo.Address, slot, claim, 0);
    }

    public SimProcess Process { get; }

    public SimSilo Silo { get; }

    public string Slot { get; }

    public JobId Job { get; }

    public string Claim { get; }

    /// <summary>The worker makes no step any more and says nothing.</summary>
    public bool Hangs { get; set; }

    public bool Ended { get; private set; }

    /// <summary>How it ended.</summary>
    public int ExitCode { get; private set; }

    /// <summary>What the silo has heard of it.</summary>
    public WorkerReport Seen { get; private set; }

    /// <summary>The job's place in the queue, as its grain last said.</summary>
    public QueueOrder? Order { get; set; }

    /// <summary>When the silo last heard of it.</summary>
    public double SeenAt { get; private set; }

    public double StartedAt { get; private set; }

    public bool StopRequested { get; private set; }

    /// <summary>The epoch that it took; 0 before.</summary>
    public int Epoch { get; private set; }

    public long Step { get; private set; }

    /// <summary>Commits in a row that the store did not answer.</summary>
    public int Missed { get; private set; }

    public void Start()
    {
        StartedAt = SeenAt = _loop.Now;
        Process.Go(async () =>
        {
            var (code, message) = await RunAsync();
            Exit(code, message);
        });
    }

    /// <summary>The silo asks for a commit and a stop.</summary>
    public void Stop(string reason)
    {
        StopRequested = true;
        Process.Post(() => _stop = reason);
    }

    /// <summary>The pipe is closed or was silent for too long: one last commit within five seconds, then the end.</summary>
    public void SiloGone() => Process.Post(() =>
    {
        _stop = "the silo is gone";
        _loop.After(5, () => Process.Post(() => Exit((int)WorkerExitCode.Stopped, "gave up the last commit")));
    });

    /// <summary>The process ends at once.</summary>
    public void Exit(int code, string message, bool memoryKill = false)
    {
        if (Ended)
        {
            return;
        }

        (Ended, ExitCode) = (true, code);
        Process.Kill();
        _loop.Log($"worker {Claim} of {Job} ends with {code} at step {Step}: {message}");
        _loop.After(0.01, () => Silo.Process.Post(() =>
        {
            Seen = Seen with { Ended = true, ExitCode = code, Message = message, MemoryKill = memoryKill, StopRequested = StopRequested };
            Silo.OnEnded(this);
        }));
    }

    private async Task<(int Code, string Message)> RunAsync()
    {
        try
        {
            await Process.DelayAsync(_loop.Between(0.3, 2));
            if (await PersistAsync(() => JobFence.ReadHeadAsync(_link, Job)) is { Result: not null })
            {
                return ((int)WorkerExitCode.Completed, "finished before");
            }

            var fence = await PersistAsync(() => JobFence.TakeOverAsync(_link, Job, Silo.Name, Claim, "start"));
            Epoch = fence.Epoch;
            if (fence.Head.Result is not null)
            {
                return ((int)WorkerExitCode.Completed, "finished meanwhile");
            }

            using var opened = await PersistAsync(() => fence.OpenNewestCheckpointAsync());
            Epoch = fence.Epoch;
            if (opened is { } found && !new StreamReader(found.Content).ReadToEnd().StartsWith($"step {found.Entry.Step} ", StringComparison.Ordinal))
            {
                throw new InvariantException($"The checkpoint of step {found.Entry.Step} of {Job} holds something else.");
            }

            Step = opened?.Entry.Step ?? 0;
            _loop.Log($"worker {Claim} of {Job} has epoch {Epoch} and starts at step {Step}");
            Say(fence);
            while (Step < _total)
            {
                await Process.DelayAsync(_pace * Chunk);
                if (Hangs)
                {
                    await new TaskCompletionSource().Task;
                }

                Step = Math.Min(_total, Step + Chunk);
                if (_stop.Length > 0 || Step % Interval == 0)
                {
                    await CommitAsync(fence);
                }

                if (_stop.Length > 0)
                {
                    return ((int)WorkerExitCode.Stopped, _stop);
                }

                Say(fence);
            }

            await PersistAsync(async () =>
            {
                await fence.CommitResultAsync(new JobResult { Job = Job });
                return true;
            });
            return ((int)WorkerExitCode.Completed, "complete");
        }
        catch (FencedException exception)
        {
            return ((int)WorkerExitCode.Fenced, exception.Message);
        }
        catch (IOException exception)
        {
            return ((int)WorkerExitCode.StorageFault, exception.Message);
        }
    }

    private async Task CommitAsync(JobFence fence)
    {
        try
        {
            // Content may differ between two uploads of one step: times and rates are in it.
            using var content = new MemoryStream(Encoding.UTF8.GetBytes($"step {Step} by {Claim} at {_loop.Now}"));
            await fence.CommitCheckpointAsync(Step, content, KeepLast);
            _store.Of(Job).Acknowledged(Step, fence.Epoch);
            Missed = 0;
        }
        catch (StorageFaultException)
        {
            // Training goes on, and the next commit will do.
            Missed++;
        }
    }

    private async Task<T> PersistAsync<T>(Func<Task<T>> action)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await action();
            }
            catch (StorageFaultException) when (attempt < Attempts)
            {
                await Process.DelayAsync(0.5 * attempt);
            }
        }
    }

    /// <summary>A line on the pipe.</summary>
    private void Say(JobFence fence)
    {
        var said = Seen with { Epoch = fence.Epoch, Step = Step, Total = _total, CommittedStep = fence.Head.Step, Rate = 1 / _pace, Unit = "steps", Seconds = _loop.Now - StartedAt };
        Silo.Process.Post(() =>
        {
            if (!Seen.Ended)
            {
                var news = said.Epoch != Seen.Epoch;
                (Seen, SeenAt) = (said, _loop.Now);
                if (news)
                {
                    Silo.SlotsChanged();
                }
            }
        });
    }
}
