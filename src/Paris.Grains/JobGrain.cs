using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;

namespace Paris.Grains;

/// <summary>
/// Thin over <see cref="JobMachine"/>, which decides: turns messages into its inputs, does what it asks for, and keeps what people want
/// to see. It holds no hard placement: it may wait on any silo, and it is its own entry in the queue.
/// </summary>
public abstract class JobGrain(
    IBlobStore store,
    IDeviceAgent agent,
    ISiloStatusOracle silos,
    ParisInstruments instruments,
    RetryBudgetOptions retries,
    TimeProvider time,
    ILogger logger) : Grain, IJobGrain, IJobHost, IGrainMigrationParticipant
{
    private const string MigrationKey = "paris.reservation";

    private JobMachine _machine = null!;
    private string _movingFor = "";
    private string _preview = "";
    private Dictionary<string, double> _metrics = [];
    private LossTrace _trace = new();
    private bool _traceRead;
    private bool _resultShown;
    private bool _tellRun;
    private IGrainTimer? _timer;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // The store may not answer now: an activation never fails for that, its first turn tries again.
        _machine = new JobMachine(JobId.Parse(this.GetPrimaryKeyString()), store, agent, this, retries, time) { MovingFor = _movingFor };
        StepAgainAfter(TimeSpan.Zero);
        return Task.CompletedTask;
    }

    public async Task<JobStatus> EnsureAsync(JobOrder order) =>
        await StatusAfterAsync(() => _machine.OrderAsync(order.Priority, order.Submitted, order.Order, order.Total, order.Share, Orders.Of(order, "").Demand));

    public async Task WakeAsync() => await StatusAfterAsync(_machine.WakeAsync);

    public async Task<JobStatus> PauseAsync() => await StatusAfterAsync(() => _machine.StopAsync(RunWish.Pause, "paused"));

    public async Task<JobStatus> CancelAsync() => await StatusAfterAsync(() => _machine.StopAsync(RunWish.Cancel, "cancelled"));

    public async Task<JobStatus> ResumeAsync() => await StatusAfterAsync(_machine.ResumeAsync);

    public async Task<Migration> MigrateAsync(string silo, string slot) => await DoAsync(async () =>
    {
        await _machine.ReadyAsync();
        var job = _machine.Job.Key;
        if (_machine.Worker is not { Epoch: > 0 } worker || _machine.Record is not { Wish: RunWish.Run } record)
        {
            throw new ParisException(ParisException.Conflict, $"{job} is {Status().State.ToString().ToLowerInvariant()}; only a running job can be moved");
        }

        var reply = await GrainFactory.Scheduler().MoveAsync(new MoveRequest { Job = job, Order = OrderOf(record), Silo = silo, Slot = slot });
        if (reply.Refusal != MoveRefusal.None)
        {
            throw new ParisException(
                reply.Refusal switch
                {
                    MoveRefusal.UnknownSilo or MoveRefusal.UnknownSlot => ParisException.NotFound,
                    MoveRefusal.DoesNotFit => ParisException.BadInput,
                    _ => ParisException.Conflict,
                },
                reply.Message);
        }

        _machine.Leave(new Reservation(reply.Reservation, job, reply.Silo, reply.Address, reply.Slot));
        GrainLog.JobLeaves(logger, job, $"{worker.Silo}/{worker.Slot}", reply.Silo, reply.Slot);
        return new Migration { Job = job, FromSilo = worker.Silo, FromSlot = worker.Slot, ToSilo = reply.Silo, ToSlot = reply.Slot, Epoch = worker.Epoch };
    });

    public async Task<JobStatus> GetStatusAsync() => await StatusAfterAsync(_machine.ReadyAsync);

    public async Task<TracePoint[]> GetTraceAsync(int max) => await Failures.TranslateAsync(async () =>
    {
        await _machine.ReadyAsync();
        if (!_traceRead && _machine.Epoch > 0)
        {
            // What earlier activations saw is in the store; what this one saw comes after it.
            var stored = await LossTrace.ReadAsync(store, _machine.Job);
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
            var answer = await _machine.ReportAsync(new WorkerReport(report.Silo, report.Address, report.Slot, report.Claim, report.Epoch)
            {
                Step = report.Step,
                Total = report.Total,
                CommittedStep = report.CommittedStep,
                Rate = report.Rate,
                Unit = report.Unit,
                Seconds = report.Seconds,
                SecondsLeft = report.SecondsLeft,
                Ended = report.Ended,
                ExitCode = report.ExitCode,
                Message = report.Message,
                StopRequested = report.StopRequested,
                MemoryKill = report.MemoryKill,
                Straggling = report.Straggling,
            });
            if (answer.Taken)
            {
                Show(report);
            }

            return new JobReply { StopReason = answer.StopReason, Order = _machine.Record is { } record ? OrderOf(record) : null };
        });
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        if (_machine.MovingFor.Length > 0)
        {
            dehydrationContext.TryAddValue(MigrationKey, _machine.MovingFor);
        }
    }

    /// <summary>Comes before <see cref="OnActivateAsync"/>.</summary>
    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        if (rehydrationContext.TryGetValue<string>(MigrationKey, out var movingFor))
        {
            _movingFor = movingFor ?? "";
        }
    }

    async Task<ReserveDecision> IJobHost.ReserveAsync(JobRecord record, string endedClaim)
    {
        var reply = await GrainFactory.Scheduler().ReserveAsync(new ReserveRequest
        {
            Job = _machine.Job.Key,
            Order = OrderOf(record),
            Home = agent.Silo,
            EndedClaim = endedClaim,
        });
        return new ReserveDecision
        {
            Granted = reply.Outcome == ReserveOutcome.Granted ? new Reservation(reply.Reservation, _machine.Job.Key, reply.Silo, reply.Address, reply.Slot) : null,
            Running = reply.Outcome == ReserveOutcome.Running
                ? (new SiloReport(reply.Silo, reply.Address, []), new SlotReport(reply.Slot, "", _machine.Job.Key, reply.Epoch, reply.Claim))
                : null,
            Position = reply.Position,
            Message = reply.Message,
        };
    }

    Task IJobHost.ReleaseAsync(string reservation) => GrainFactory.Scheduler().ReleaseAsync(_machine.Job.Key, reservation);

    void IJobHost.MoveTo(string address)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(address));
        MigrateOnIdle();
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
    }

    void IJobHost.TellRun() => _tellRun = true;

    bool IJobHost.IsDead(string address) => silos.IsDead(address);

    void IJobHost.Note(JobNote note)
    {
        var job = _machine.Job.Key;
        switch (note.Moment)
        {
            case JobMoment.Starts:
                GrainLog.JobStarts(logger, job, note.Silo, note.Slot);
                break;
            case JobMoment.Refused:
                GrainLog.JobRefused(logger, job, note.Slot);
                break;
            case JobMoment.Moves:
                GrainLog.JobMoves(logger, job, note.Silo);
                break;
            case JobMoment.Attaches:
                GrainLog.JobAttaches(logger, job, note.Silo, note.Slot, note.Epoch);
                break;
            case JobMoment.Silent:
                GrainLog.JobSilent(logger, job, note.Silo, note.Silence.TotalSeconds);
                break;
            case JobMoment.Completed:
                GrainLog.JobCompleted(logger, job);
                break;
            case JobMoment.Retries when note.Retry is { } retry:
                GrainLog.JobRetries(logger, job, note.ExitCode, retry.Reason, note.Message);
                instruments.Retry(JobTags.Of(_machine.Job, note.Silo), retry.Cause);
                break;
            case JobMoment.Failed:
                GrainLog.JobFailed(logger, job, note.Message);
                break;
            case JobMoment.Stopped:
                GrainLog.JobStopped(logger, job, note.Message);
                break;
        }
    }

    public void StepAgainAfter(TimeSpan delay)
    {
        _timer?.Dispose();
        _timer = this.RegisterGrainTimer(
            async _ =>
            {
                try
                {
                    await StatusAfterAsync(_machine.WakeAsync);
                }
                catch (Exception exception)
                {
                    GrainLog.JobFailedToStep(logger, _machine.Job.Key, exception);
                }
            },
            new GrainTimerCreationOptions { DueTime = delay, Period = Timeout.InfiniteTimeSpan });
    }

    private async Task<JobStatus> StatusAfterAsync(Func<Task> action) => await DoAsync(async () =>
    {
        await action();
        await ShowResultAsync();
        return Status();
    });

    /// <summary>Runs a request, then tells the run what came of it, if it should know.</summary>
    private async Task<T> DoAsync<T>(Func<Task<T>> action) => await Failures.TranslateAsync(async () =>
    {
        var value = await action();
        if (_tellRun)
        {
            await ShowResultAsync();
            _tellRun = false;
            GrainFactory.GetGrain<IRunGrain>(_machine.Job.Run).JobEndedAsync(Status())
                .Forget(exception => GrainLog.MessageLost(logger, _machine.Job.Run, exception));
        }

        return value;
    });

    private void Show(JobReport report)
    {
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

    private async Task ShowResultAsync()
    {
        if (_machine.Result is not { } result || _resultShown)
        {
            return;
        }

        _metrics = new Dictionary<string, double>(result.Metrics);
        if (_preview.Length == 0)
        {
            await foreach (var blob in store.ListAsync(_machine.Job.Folder + "previews/"))
            {
                _preview = blob.Name;
            }
        }

        _resultShown = true;
    }

    private JobOrder OrderOf(JobRecord record) => Orders.Of(record.InQueue(_machine.Job, _machine.Committed), record.Total);

    private JobStatus Status()
    {
        var (worker, record, result) = (_machine.Worker, _machine.Record, _machine.Result);
        var state = result is not null ? JobState.Completed
            : record is { Failure: not null } failed ? (failed.Quarantined ? JobState.Quarantined : JobState.Failed)
            : worker is not null ? (worker.Epoch > 0 ? JobState.Running : JobState.Starting)
            : record?.Wish switch
            {
                null => JobState.Waiting,
                RunWish.Pause => JobState.Paused,
                RunWish.Cancel => JobState.Cancelled,
                _ => JobState.Queued,
            };
        var total = _machine.Total > 0 ? _machine.Total : record?.Total ?? 0;
        return new JobStatus
        {
            Key = _machine.Job.Key,
            Kind = _machine.Job.Kind,
            Part = _machine.Job.Label,
            State = state,
            Step = state == JobState.Completed && total > 0 ? total : _machine.Step,
            Total = total,
            Rate = worker?.Rate ?? 0,
            Unit = worker?.Unit ?? "",
            SecondsLeft = worker?.SecondsLeft,
            Loss = _metrics.TryGetValue("loss", out var loss) ? loss : null,
            Silo = worker?.Silo ?? "",
            Slot = worker?.Slot ?? "",
            Epoch = _machine.Epoch,
            Retries = record?.Retries.Total ?? 0,
            Message = record?.Failure ?? (worker is not null && record?.Wish is RunWish.Pause or RunWish.Cancel ? "commits and stops" : _machine.Message),
            Preview = _preview,
            Metrics = new Dictionary<string, double>(_metrics),
            Outputs = result?.Outputs.ToDictionary(x => x.Key, x => x.Value.Name) ?? [],
            Facts = result?.Facts.ToDictionary() ?? [],
            CommittedStep = _machine.Committed,
            Seconds = result?.Seconds ?? worker?.Seconds ?? 0,
            QueuePosition = state == JobState.Queued ? _machine.Position : 0,
            BadInput = state == JobState.Failed && record?.BadInput == true,
        };
    }
}
