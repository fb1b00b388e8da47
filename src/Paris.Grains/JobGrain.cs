using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;

namespace Paris.Grains;

/// <summary>
/// What every job grain does. The store's <c>job.json</c> and <c>head.json</c> and the agents' reports say all that it knows; each
/// step compares what is wanted with what is, and does the next thing. It holds no hard placement: it may wait on any silo, and it is
/// its own entry in the queue.
/// </summary>
public abstract class JobGrain(
    IBlobStore store,
    IDeviceAgent agent,
    ParisInstruments instruments,
    RetryBudgetOptions retries,
    TimeProvider time,
    ILogger logger) : Grain, IJobGrain, IGrainMigrationParticipant
{
    /// <summary>A worker that its silo has not reported for this long counts as lost.</summary>
    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(7);

    /// <summary>How long a grant that could not be used is left alone.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private const string MigrationKey = "paris.reservation";

    private JobId _job = null!;
    private JobRecord? _record;
    private string? _etag;
    private JobResult? _result;
    private Worker? _worker;
    private string _endedClaim = "";
    private string _movingFor = "";
    private string _message = "";
    private string _preview = "";
    private int _position;
    private int _epoch;
    private long _step;
    private long _committed;
    private long _total;
    private Dictionary<string, double> _metrics = [];
    private LossTrace _trace = new();
    private bool _traceRead;
    private IGrainTimer? _timer;
    private Task? _loading;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // The store may not answer now: an activation never fails for that, its first turn tries again.
        _job = JobId.Parse(this.GetPrimaryKeyString());
        StepAgainAfter(TimeSpan.Zero);
        return Task.CompletedTask;
    }

    public async Task<JobStatus> EnsureAsync(JobOrder order)
    {
        return await DoAsync(async () =>
        {
            if (_result is null && (_record is null
                || (_record.Priority, _record.Submitted, _record.Place, _record.Total) != (order.Priority, order.Submitted, order.Order, order.Total)))
            {
                await SaveAsync(x => (x ?? new JobRecord()) with { Priority = order.Priority, Submitted = order.Submitted, Place = order.Order, Total = order.Total });
            }

            await StepAsync();
            return Status();
        });
    }

    public async Task WakeAsync() => await DoAsync(async () =>
    {
        await StepAsync();
        return true;
    });

    public async Task<JobStatus> PauseAsync() => await WishAsync(RunWish.Pause, "paused");

    public async Task<JobStatus> CancelAsync() => await WishAsync(RunWish.Cancel, "cancelled");

    public async Task<JobStatus> ResumeAsync()
    {
        return await DoAsync(async () =>
        {
            if (_result is null && _record is not null)
            {
                await SaveAsync(x => x! with { Wish = RunWish.Run, Failure = null, Quarantined = false, Retries = new RetryState { Total = x.Retries.Total } });
                _message = "";
                await StepAsync();
                TellRun();
            }

            return Status();
        });
    }

    public async Task<JobStatus> GetStatusAsync() => await DoAsync(() => Task.FromResult(Status()));

    public async Task<TracePoint[]> GetTraceAsync(int max) => await DoAsync(async () =>
    {
        if (!_traceRead && _epoch > 0)
        {
            // What earlier activations saw is in the store; what this one saw comes after it.
            var stored = await LossTrace.ReadAsync(store, _job);
            foreach (var point in _trace.Take(int.MaxValue))
            {
                stored.Add(point.Step, point.Value);
            }

            (_trace, _traceRead) = (stored, true);
        }

        return _trace.Take(max);
    });

    public async Task<JobReply> ReportAsync(JobReport report)
    {
        return await DoAsync(async () =>
        {
            if (report.Claim == _endedClaim)
            {
                return new JobReply { StopReason = report.Ended ? "" : "the job counts this worker as ended" };
            }

            if (_result is not null)
            {
                return new JobReply { StopReason = report.Ended ? "" : "the job is complete" };
            }

            if (_worker is { } current && current.Claim != report.Claim)
            {
                if (report.Ended || report.Epoch < current.Epoch || report.Epoch == 0)
                {
                    // A worker that was replaced: the head fences it, here it is only told.
                    return new JobReply { StopReason = report.Ended ? "" : $"replaced by the worker on {current.Silo}, epoch {current.Epoch}" };
                }
            }

            var committed = _committed;
            Take(report);
            if (_committed > committed && _record is { Retries: { NotBefore: not null } or { Crash: > 0 } or { OutOfMemory: > 0 } or { Storage: > 0 } or { Divergence: > 0 } })
            {
                var budget = Budget();
                budget.RecordProgress();
                await SaveAsync(x => (x ?? new JobRecord()) with { Retries = budget.State });
            }

            if (report.Ended)
            {
                await EndAsync(report);
                return new JobReply();
            }

            return new JobReply { StopReason = _record?.Wish switch { RunWish.Pause => "paused", RunWish.Cancel => "cancelled", _ => "" } };
        });
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        if (_movingFor.Length > 0)
        {
            dehydrationContext.TryAddValue(MigrationKey, _movingFor);
        }
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        if (rehydrationContext.TryGetValue<string>(MigrationKey, out var movingFor))
        {
            _movingFor = movingFor ?? "";
        }
    }

    /// <summary>Runs a request once the job is read from the store; one reading serves all who wait for it.</summary>
    private async Task<T> DoAsync<T>(Func<Task<T>> action) => await Failures.TranslateAsync(async () =>
    {
        await ReadyAsync();
        return await action();
    });

    private Task ReadyAsync()
    {
        if (_loading is null or { IsFaulted: true } or { IsCanceled: true })
        {
            _loading = LoadAsync();
        }

        return _loading;
    }

    /// <summary>Everything that the store knows of this job.</summary>
    private async Task LoadAsync()
    {
        (_record, _etag) = await JsonBlobs.ReadAsync<JobRecord>(store, JobRecord.BlobName(_job));
        if (await JobFence.ReadHeadAsync(store, _job) is { } head)
        {
            _epoch = head.Epoch;
            _step = _committed = head.Step;
            if (head.Result is not null)
            {
                await CompleteAsync();
            }
        }
    }

    private async Task CompleteAsync()
    {
        _result = await JobFence.ReadResultAsync(store, _job);
        if (_result is null)
        {
            return;
        }

        _metrics = new Dictionary<string, double>(_result.Metrics);
        if (_preview.Length == 0)
        {
            await foreach (var blob in store.ListAsync(_job.Folder + "previews/"))
            {
                _preview = blob.Name;
            }
        }
    }

    /// <summary>Compares what is wanted with what is, and does the next thing.</summary>
    private async Task StepAsync()
    {
        if (_result is not null || _record is not { Wish: RunWish.Run, Failure: null } record)
        {
            return;
        }

        if (_worker is { } worker)
        {
            if (time.GetElapsedTime(worker.HeardAt) < _silence)
            {
                return;
            }

            GrainLog.JobSilent(logger, _job.Key, worker.Silo, time.GetElapsedTime(worker.HeardAt).TotalSeconds);
            _worker = null;
        }

        if (agent.Find(_job) is { } local)
        {
            Attach(agent.Silo, agent.Address, local.Slot, local.Claim, local.Epoch);
            return;
        }

        if (record.Retries.NotBefore is { } notBefore && notBefore - time.GetUtcNow() is { Ticks: > 0 } wait)
        {
            StepAgainAfter(wait);
            return;
        }

        var reply = await GrainFactory.Scheduler().ReserveAsync(new ReserveRequest
        {
            Job = _job.Key,
            Order = new JobOrder { Priority = record.Priority, Submitted = record.Submitted, Order = record.Place, Total = record.Total },
            Home = agent.Silo,
            EndedClaim = _endedClaim,
        });
        switch (reply.Outcome)
        {
            case ReserveOutcome.Running:
                Attach(reply.Silo, reply.Address, reply.Slot, reply.Claim, reply.Epoch);
                break;
            case ReserveOutcome.Granted when reply.Address == agent.Address:
                await StartAsync(reply);
                break;
            case ReserveOutcome.Granted:
                await MoveAsync(reply);
                break;
            default:
                _position = reply.Position;
                _message = reply.Message;
                break;
        }
    }

    private async Task StartAsync(ReserveReply grant)
    {
        _movingFor = "";
        _position = 0;
        var claim = RandomNumberGenerator.GetHexString(32, lowercase: true);
        if (agent.TryStart(grant.Slot, _job, claim))
        {
            GrainLog.JobStarts(logger, _job.Key, grant.Silo, grant.Slot);
            _message = "";
            _worker = new Worker(grant.Silo, grant.Address, grant.Slot, claim, 0, time.GetTimestamp());
            return;
        }

        GrainLog.JobRefused(logger, _job.Key, grant.Slot);
        await GiveBackAsync(grant);
    }

    private async Task MoveAsync(ReserveReply grant)
    {
        if (_movingFor == grant.Reservation)
        {
            // The move was tried and ended elsewhere: the slot goes to somebody who can come.
            _movingFor = "";
            await GiveBackAsync(grant);
            return;
        }

        GrainLog.JobMoves(logger, _job.Key, grant.Silo);
        _movingFor = grant.Reservation;
        _message = $"moves to {grant.Silo}";
        RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(grant.Address));
        MigrateOnIdle();
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);

        // Should the move end on this silo again, the next step gives the reservation back.
        StepAgainAfter(_pause);
    }

    private async Task GiveBackAsync(ReserveReply grant)
    {
        await GrainFactory.Scheduler().ReleaseAsync(_job.Key, grant.Reservation);
        _message = $"the slot {grant.Silo}/{grant.Slot} could not be used; asks again";
        StepAgainAfter(_pause);
    }

    private void Attach(string silo, string address, string slot, string claim, int epoch)
    {
        GrainLog.JobAttaches(logger, _job.Key, silo, slot, epoch);
        _position = 0;
        _message = "";
        _movingFor = "";
        _worker = new Worker(silo, address, slot, claim, epoch, time.GetTimestamp());
        _epoch = Math.Max(_epoch, epoch);
    }

    private void Take(JobReport report)
    {
        if (_worker?.Claim != report.Claim)
        {
            Attach(report.Silo, report.Address, report.Slot, report.Claim, report.Epoch);
        }

        _worker = new Worker(report.Silo, report.Address, report.Slot, report.Claim, report.Epoch, time.GetTimestamp())
        {
            Rate = report.Rate,
            Unit = report.Unit,
            Seconds = report.Seconds,
            SecondsLeft = report.SecondsLeft,
        };
        _message = "";
        if (report.Epoch > 0)
        {
            _epoch = report.Epoch;
            _step = report.Step;
            _total = report.Total;
            _committed = Math.Max(_committed, report.CommittedStep);
        }

        if (report.Preview.Length > 0)
        {
            _preview = report.Preview;
        }

        foreach (var (name, value) in report.Metrics)
        {
            _metrics[name] = value;
        }

        foreach (var point in report.Losses)
        {
            _trace.Add(point.Step, point.Value);
        }
    }

    private async Task EndAsync(JobReport report)
    {
        _endedClaim = report.Claim;
        _worker = null;
        switch ((WorkerExitCode)report.ExitCode)
        {
            case WorkerExitCode.Completed:
                await CompleteAsync();
                if (_result is not null)
                {
                    GrainLog.JobCompleted(logger, _job.Key);
                    TellRun();
                    return;
                }

                await RetryAsync(report with { Message = "the worker ended without a result" }, new WorkerExit(1));
                break;
            case WorkerExitCode.Fenced:
                // Another worker owns the job: it is attached to as soon as its silo reports it. Nothing is charged.
                _message = report.Message;
                StepAgainAfter(_pause);
                break;
            case WorkerExitCode.Stopped:
                GrainLog.JobStopped(logger, _job.Key, report.Message);
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

    private async Task RetryAsync(JobReport report, WorkerExit exit)
    {
        var budget = Budget();
        var decision = budget.RecordExit(exit) ?? budget.RecordFailure(FailureCause.Crash);
        if (!decision.Retry)
        {
            await FailAsync($"{decision.Reason}: {report.Message}", decision.Cause == FailureCause.Divergence, budget.State);
            return;
        }

        GrainLog.JobRetries(logger, _job.Key, report.ExitCode, decision.Reason, report.Message);
        instruments.Retry(JobTags.Of(_job, report.Silo), decision.Cause);
        await SaveAsync(x => (x ?? new JobRecord()) with { Retries = budget.State });
        _message = $"{decision.Reason}: {report.Message}";
        StepAgainAfter(decision.Delay);
    }

    private RetryBudget Budget() => new(time, retries, _record?.Retries, seed: RetryBudget.SeedOf(_job));

    private async Task FailAsync(string reason, bool quarantined, RetryState? spent = null, bool badInput = false)
    {
        GrainLog.JobFailed(logger, _job.Key, reason);
        await SaveAsync(x =>
        {
            var record = x ?? new JobRecord();
            return record with { Failure = reason, Quarantined = quarantined, BadInput = badInput, Retries = spent ?? record.Retries };
        });
        _message = reason;
        TellRun();
    }

    private async Task<JobStatus> WishAsync(RunWish wish, string reason)
    {
        return await DoAsync(async () =>
        {
            if (_result is not null || _record is null)
            {
                return Status();
            }

            if (_record.Wish != wish)
            {
                await SaveAsync(x => x! with { Wish = wish });
            }

            _position = 0;
            _message = "";
            if (_worker is not null || agent.Find(_job) is not null)
            {
                // On another silo, the answer to the worker's next report says the same.
                agent.RequestStop(_job, reason);
            }
            else
            {
                await GrainFactory.Scheduler().ReleaseAsync(_job.Key, "");
            }

            TellRun();
            return Status();
        });
    }

    private async Task SaveAsync(Func<JobRecord?, JobRecord> change) =>
        (_record, _etag) = await JsonBlobs.ChangeAsync(store, JobRecord.BlobName(_job), _record, _etag, change);

    private void TellRun() => GrainFactory.GetGrain<IRunGrain>(_job.Run).JobEndedAsync(Status())
        .Forget(exception => GrainLog.MessageLost(logger, _job.Run, exception));

    private void StepAgainAfter(TimeSpan delay)
    {
        _timer?.Dispose();
        _timer = this.RegisterGrainTimer(
            async _ =>
            {
                try
                {
                    await ReadyAsync();
                    await StepAsync();
                }
                catch (Exception exception)
                {
                    GrainLog.JobFailedToStep(logger, _job.Key, exception);
                }
            },
            new GrainTimerCreationOptions { DueTime = delay, Period = Timeout.InfiniteTimeSpan });
    }

    private JobStatus Status()
    {
        var state = _result is not null ? JobState.Completed
            : _record is { Failure: not null } failed ? (failed.Quarantined ? JobState.Quarantined : JobState.Failed)
            : _worker is not null ? (_worker.Epoch > 0 ? JobState.Running : JobState.Starting)
            : _record?.Wish switch
            {
                null => JobState.Waiting,
                RunWish.Pause => JobState.Paused,
                RunWish.Cancel => JobState.Cancelled,
                _ => JobState.Queued,
            };
        var total = _total > 0 ? _total : _record?.Total ?? 0;
        var rate = _worker?.Rate ?? 0;
        return new JobStatus
        {
            Key = _job.Key,
            Kind = _job.Kind,
            Part = _job.Part,
            State = state,
            Step = state == JobState.Completed && total > 0 ? total : _step,
            Total = total,
            Rate = rate,
            Unit = _worker?.Unit ?? "",
            SecondsLeft = _worker?.SecondsLeft,
            Loss = _metrics.TryGetValue("loss", out var loss) ? loss : null,
            Silo = _worker?.Silo ?? "",
            Slot = _worker?.Slot ?? "",
            Epoch = _epoch,
            Retries = _record?.Retries.Total ?? 0,
            Message = _record?.Failure ?? (_worker is not null && _record?.Wish is RunWish.Pause or RunWish.Cancel ? "commits and stops" : _message),
            Preview = _preview,
            Metrics = new Dictionary<string, double>(_metrics),
            Outputs = _result?.Outputs.ToDictionary(x => x.Key, x => x.Value.Name) ?? [],
            Facts = _result?.Facts.ToDictionary() ?? [],
            CommittedStep = _committed,
            Seconds = _result?.Seconds ?? _worker?.Seconds ?? 0,
            QueuePosition = state == JobState.Queued ? _position : 0,
            BadInput = state == JobState.Failed && _record?.BadInput == true,
        };
    }

    private sealed record Worker(string Silo, string Address, string Slot, string Claim, int Epoch, long HeardAt)
    {
        public double Rate { get; init; }

        public string Unit { get; init; } = "";

        public double Seconds { get; init; }

        public double? SecondsLeft { get; init; }
    }
}
