using System.Security.Cryptography;
using Paris.Core.Faults;
using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.Core.Scheduling;

/// <summary>
/// Decides for one job. The store's <c>job.json</c> and <c>head.json</c> and the agents' reports say all that it knows; each step
/// compares what is wanted with what is, and does the next thing. Nothing of it must survive: another instance, on another silo, at the
/// same time even, comes to the same by itself, and the head's fence keeps the workers of both apart.
/// </summary>
/// <remarks>One call at a time, like a grain's turns; only <see cref="ReadyAsync"/> and reading properties may happen between.</remarks>
/// <param name="job">The job.</param>
/// <param name="store">Where the job's folder is.</param>
/// <param name="agent">The slots and workers of the silo on which this instance lives.</param>
/// <param name="host">Does what is decided.</param>
/// <param name="retries">The retry budgets.</param>
/// <param name="time">The clock.</param>
/// <param name="newClaim">Makes claims; null takes 128 random bits in hex.</param>
public sealed class JobMachine(
    JobId job,
    IBlobStore store,
    IDeviceAgent agent,
    IJobHost host,
    RetryBudgetOptions retries,
    TimeProvider time,
    Func<string>? newClaim = null)
{
    /// <summary>A worker that its silo has not reported for this long counts as lost, though nobody has declared the silo dead.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(7);

    /// <summary>How long a grant that could not be used is left alone.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After a worker was fenced: long enough for a silo that was frozen to learn that the cluster went on without it, before it asks for a slot
    /// and takes the job from its owner.
    /// </summary>
    public static readonly TimeSpan FencedPause = TimeSpan.FromSeconds(5);

    private readonly Func<string> _newClaim = newClaim ?? (() => RandomNumberGenerator.GetHexString(32, lowercase: true));
    private string? _etag;
    private string _endedClaim = "";
    private (string Claim, string Reason) _leaving = ("", "");
    private Task? _loading;

    public JobId Job => job;

    /// <summary>What <c>job.json</c> says; null while nobody ordered the job.</summary>
    public JobRecord? Record { get; private set; }

    /// <summary>The finished job's result.</summary>
    public JobResult? Result { get; private set; }

    /// <summary>The worker that counts; null while there is none.</summary>
    public JobWorker? Worker { get; private set; }

    /// <summary>The reservation for which this job moves to another silo; handed to the instance there. Empty: none.</summary>
    public string MovingFor { get; set; } = "";

    /// <summary>Why it waits or failed, for people.</summary>
    public string Message { get; private set; } = "";

    /// <summary>Place in the queue, from 1; 0 when not queued.</summary>
    public int Position { get; private set; }

    public int Epoch { get; private set; }

    public long Step { get; private set; }

    public long Committed { get; private set; }

    /// <summary>Steps that the worker counts to; 0 while unknown.</summary>
    public long Total { get; private set; }

    /// <summary>What the run's plan needs to know.</summary>
    public JobOutcome Outcome => Result is not null ? JobOutcome.Done
        : Record is { Failure: not null } ? JobOutcome.Failed
        : Worker is null && Record is { Wish: not RunWish.Run } ? JobOutcome.SetAside
        : JobOutcome.Open;

    /// <summary>Reads what the store knows of the job, once; one reading serves all who wait for it, and one that failed is repeated.</summary>
    public Task ReadyAsync()
    {
        if (_loading is null or { IsFaulted: true } or { IsCanceled: true })
        {
            _loading = LoadAsync();
        }

        return _loading;
    }

    /// <summary>The run wants this job done, with this place in the queue, share of the slots and demand.</summary>
    public async Task OrderAsync(int priority, DateTimeOffset submitted, int place, long total, double share = 1, JobDemand? demand = null)
    {
        await ReadyAsync();
        demand ??= JobDemand.Any;
        if (Result is null && (Record is null
            || (Record.Priority, Record.Submitted, Record.Place, Record.Total, Record.Share, Record.Demand) != (priority, submitted, place, total, share, demand)))
        {
            await SaveAsync(x => (x ?? new JobRecord()) with { Priority = priority, Submitted = submitted, Place = place, Total = total, Share = share, Demand = demand });
        }

        await StepAsync();
    }

    /// <summary>
    /// The running worker commits and stops, because a slot elsewhere is set aside for the next one. Should that slot be gone when it comes, the job
    /// goes on wherever it gets one.
    /// </summary>
    public void Leave(Reservation target)
    {
        if (Worker is { } worker)
        {
            _leaving = (worker.Claim, $"moves to {target.Silo}/{target.Slot}");
            Message = $"{_leaving.Reason}: commits and stops";

            // On another silo, the answer to the worker's next report says the same.
            agent.RequestStop(job, _leaving.Reason);
        }
    }

    /// <summary>Looks again: time has passed, or a slot may have been granted.</summary>
    public async Task WakeAsync()
    {
        await ReadyAsync();
        await StepAsync();
    }

    /// <summary>A person pauses or cancels the job.</summary>
    public async Task StopAsync(RunWish wish, string reason)
    {
        await ReadyAsync();
        if (Result is not null || Record is null)
        {
            return;
        }

        if (Record.Wish != wish)
        {
            await SaveAsync(x => x! with { Wish = wish });
        }

        Position = 0;
        Message = "";
        if (Worker is not null || agent.Find(job) is not null)
        {
            // On another silo, the answer to the worker's next report says the same.
            agent.RequestStop(job, reason);
        }
        else
        {
            await host.ReleaseAsync("");
        }

        host.TellRun();
    }

    /// <summary>A person wants the job to go on after a pause, a failure or a quarantine, with new retries.</summary>
    public async Task ResumeAsync()
    {
        await ReadyAsync();
        if (Result is null && Record is not null)
        {
            await SaveAsync(x => x! with { Wish = RunWish.Run, Failure = null, Quarantined = false, Retries = new RetryState { Total = x.Retries.Total } });
            Message = "";
            await StepAsync();
            host.TellRun();
        }
    }

    /// <summary>An agent tells of a worker of this job.</summary>
    public async Task<WorkerAnswer> ReportAsync(WorkerReport report)
    {
        await ReadyAsync();
        if (report.Claim == _endedClaim)
        {
            return new WorkerAnswer(report.Ended ? "" : "the job counts this worker as ended", Taken: false);
        }

        if (Result is not null)
        {
            return new WorkerAnswer(report.Ended ? "" : "the job is complete", Taken: false);
        }

        if (Worker is { } current && current.Claim != report.Claim && (report.Ended || report.Epoch < current.Epoch || report.Epoch == 0))
        {
            // A worker that was replaced: the head fences it, here it is only told.
            return new WorkerAnswer(report.Ended ? "" : $"replaced by the worker on {current.Silo}, epoch {current.Epoch}", Taken: false);
        }

        var committed = Committed;
        Take(report);
        if (Committed > committed && Record is { Retries: { NotBefore: not null } or { Crash: > 0 } or { OutOfMemory: > 0 } or { Storage: > 0 } or { Divergence: > 0 } })
        {
            var budget = Budget();
            budget.RecordProgress();
            await SaveAsync(x => (x ?? new JobRecord()) with { Retries = budget.State });
        }

        if (report.Ended)
        {
            await EndAsync(report);
            return new WorkerAnswer();
        }

        return new WorkerAnswer(Record?.Wish switch
        {
            RunWish.Pause => "paused",
            RunWish.Cancel => "cancelled",
            _ => report.Claim == _leaving.Claim ? _leaving.Reason : "",
        });
    }

    private async Task LoadAsync()
    {
        (Record, _etag) = await JsonBlobs.ReadAsync<JobRecord>(store, JobRecord.BlobName(job));
        if (await JobFence.ReadHeadAsync(store, job) is { } head)
        {
            Epoch = head.Epoch;
            Step = Committed = head.Step;
            if (head.Result is not null)
            {
                Result = await JobFence.ReadResultAsync(store, job);
            }
        }
    }

    /// <summary>Compares what is wanted with what is, and does the next thing.</summary>
    private async Task StepAsync()
    {
        if (Result is not null || Record is not { Wish: RunWish.Run, Failure: null } record)
        {
            return;
        }

        if (Worker is { } worker)
        {
            var silence = time.GetElapsedTime(worker.HeardAt);
            if (silence < Silence && !host.IsDead(worker.Address))
            {
                return;
            }

            host.Note(new JobNote(JobMoment.Silent) { Silo = worker.Silo, Slot = worker.Slot, Epoch = worker.Epoch, Silence = silence });
            Worker = null;
        }

        if (agent.Find(job) is { } local)
        {
            Attach(agent.Silo, agent.Address, local.Slot, local.Claim, local.Epoch);
            return;
        }

        if (record.Retries.NotBefore is { } notBefore && notBefore - time.GetUtcNow() is { Ticks: > 0 } wait)
        {
            host.StepAgainAfter(wait);
            return;
        }

        var decision = await host.ReserveAsync(record, _endedClaim);
        switch (decision)
        {
            case { Running: { } running }:
                Attach(running.Silo.Silo, running.Silo.Address, running.Slot.Slot, running.Slot.Claim, running.Slot.Epoch);
                break;
            case { Granted: { } grant } when grant.Address == agent.Address:
                await StartAsync(grant);
                break;
            case { Granted: { } grant }:
                await MoveAsync(grant);
                break;
            default:
                Position = decision.Position;
                Message = decision.Message;
                break;
        }
    }

    private async Task StartAsync(Reservation grant)
    {
        MovingFor = "";
        Position = 0;
        await FaultPoints.HitAsync(FaultPoint.GrantBeforeStart, job.Key);
        var claim = _newClaim();
        if (agent.TryStart(grant.Slot, job, claim, Record?.Split ?? 1))
        {
            host.Note(new JobNote(JobMoment.Starts) { Silo = grant.Silo, Slot = grant.Slot });
            Message = "";
            Worker = new JobWorker(grant.Silo, grant.Address, grant.Slot, claim, 0, time.GetTimestamp());
            return;
        }

        host.Note(new JobNote(JobMoment.Refused) { Silo = grant.Silo, Slot = grant.Slot });
        await GiveBackAsync(grant);
    }

    private async Task MoveAsync(Reservation grant)
    {
        if (MovingFor == grant.Id)
        {
            // The move was tried and ended elsewhere: the slot goes to somebody who can come.
            MovingFor = "";
            await GiveBackAsync(grant);
            return;
        }

        host.Note(new JobNote(JobMoment.Moves) { Silo = grant.Silo, Slot = grant.Slot });
        MovingFor = grant.Id;
        Message = $"moves to {grant.Silo}";
        host.MoveTo(grant.Address);

        // Should the move end on this silo again, the next step gives the reservation back.
        host.StepAgainAfter(Pause);
    }

    private async Task GiveBackAsync(Reservation grant)
    {
        await host.ReleaseAsync(grant.Id);
        Message = $"the slot {grant.Silo}/{grant.Slot} could not be used; asks again";
        host.StepAgainAfter(Pause);
    }

    private void Attach(string silo, string address, string slot, string claim, int epoch)
    {
        host.Note(new JobNote(JobMoment.Attaches) { Silo = silo, Slot = slot, Epoch = epoch });
        Position = 0;
        Message = "";
        MovingFor = "";
        Worker = new JobWorker(silo, address, slot, claim, epoch, time.GetTimestamp());
        Epoch = Math.Max(Epoch, epoch);
    }

    private void Take(WorkerReport report)
    {
        if (Worker?.Claim != report.Claim)
        {
            Attach(report.Silo, report.Address, report.Slot, report.Claim, report.Epoch);
        }

        Worker = new JobWorker(report.Silo, report.Address, report.Slot, report.Claim, report.Epoch, time.GetTimestamp())
        {
            Rate = report.Rate,
            Unit = report.Unit,
            Seconds = report.Seconds,
            SecondsLeft = report.SecondsLeft,
        };
        Message = report.Claim == _leaving.Claim ? $"{_leaving.Reason}: commits and stops" : report.Straggling;
        if (report.Epoch > 0)
        {
            Epoch = report.Epoch;
            Step = report.Step;
            Total = report.Total;
            Committed = Math.Max(Committed, report.CommittedStep);
        }
    }

    private async Task EndAsync(WorkerReport report)
    {
        var before = _endedClaim;
        _endedClaim = report.Claim;
        Worker = null;
        try
        {
            await JudgeAsync(report);
        }
        catch
        {
            // Nothing came of it, so the agent's next telling must count.
            _endedClaim = before;
            throw;
        }
    }

    private async Task JudgeAsync(WorkerReport report)
    {
        switch ((WorkerExitCode)report.ExitCode)
        {
            case WorkerExitCode.Completed:
                Result = await JobFence.ReadResultAsync(store, job);
                if (Result is not null)
                {
                    host.Note(new JobNote(JobMoment.Completed) { Silo = report.Silo, Slot = report.Slot, Epoch = report.Epoch });
                    host.TellRun();
                    return;
                }

                await RetryAsync(report with { Message = "the worker ended without a result" }, new WorkerExit(1));
                break;
            case WorkerExitCode.Fenced:
                // Another worker owns the job: it is attached to as soon as its silo reports it. Nothing is charged.
                Message = report.Message;
                host.StepAgainAfter(FencedPause);
                break;
            case WorkerExitCode.Stopped:
                host.Note(new JobNote(JobMoment.Stopped) { Silo = report.Silo, Slot = report.Slot, Message = report.Message });
                await StepAsync();
                break;
            case WorkerExitCode.BadInput:
                await FailAsync(report.Message, quarantined: false, badInput: true);
                break;
            default:
                if (report.StopRequested)
                {
                    await StepAsync();
                }
                else
                {
                    await RetryAsync(report, new WorkerExit(report.ExitCode, report.Message, report.MemoryKill));
                }

                break;
        }
    }

    private async Task RetryAsync(WorkerReport report, WorkerExit exit)
    {
        var budget = Budget();
        var decision = budget.RecordExit(exit) ?? budget.RecordFailure(FailureCause.Crash);
        if (!decision.Retry)
        {
            await FailAsync($"{decision.Reason}: {report.Message}", decision.Cause == FailureCause.Divergence, budget.State);
            return;
        }

        host.Note(new JobNote(JobMoment.Retries) { Silo = report.Silo, Slot = report.Slot, Message = report.Message, Retry = decision, ExitCode = report.ExitCode });

        // Written over whatever is there by now, which may be this very change: its reply may have been lost.
        var split = (Record ?? new JobRecord()).After(decision.Cause).Split;
        await SaveAsync(x => (x ?? new JobRecord()) with { Retries = budget.State, Split = split });
        Message = $"{decision.Reason}{(decision.Cause == FailureCause.OutOfMemory ? $", every batch in {Record!.Split} times as many parts" : "")}: {report.Message}";
        host.StepAgainAfter(decision.Delay);
    }

    private RetryBudget Budget() => new(time, retries, Record?.Retries, seed: RetryBudget.SeedOf(job));

    private async Task FailAsync(string reason, bool quarantined, RetryState? spent = null, bool badInput = false)
    {
        host.Note(new JobNote(JobMoment.Failed) { Message = reason });
        await SaveAsync(x =>
        {
            var record = x ?? new JobRecord();
            return record with { Failure = reason, Quarantined = quarantined, BadInput = badInput, Retries = spent ?? record.Retries };
        });
        Message = reason;
        host.TellRun();
    }

    private async Task SaveAsync(Func<JobRecord?, JobRecord> change) =>
        (Record, _etag) = await JsonBlobs.ChangeAsync(store, JobRecord.BlobName(job), Record, _etag, change);
}
