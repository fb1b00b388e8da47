using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Paris.Core.Specs;

namespace Paris.Grains;

/// <summary>
/// Thin over <see cref="RunPlan"/> and <see cref="RunBook"/>: reads the spec and the heads, asks the jobs that should run to make it so, and writes down what a
/// person wants.
/// </summary>
[KeepAlive]
public sealed class RunGrain(IBlobStore store, TimeProvider time, ILogger<RunGrain> logger) : Grain, IRunGrain
{
    /// <summary>How long one job is waited for before the next is asked.</summary>
    private static readonly TimeSpan _turn = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a turn waits for the jobs in all; well below the response timeout of those who wait for the run.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

    /// <summary>How long an answer to many onlookers stands.</summary>
    private static readonly TimeSpan _freshness = TimeSpan.FromMilliseconds(300);

    private readonly RunBook _book = new(time);
    private readonly Dictionary<JobId, JobStatus> _ended = [];
    private readonly List<ExtraJob> _extras = [];

    /// <summary>What each job last said of itself.</summary>
    private readonly Dictionary<JobId, JobStatus> _seen = [];
    private string _run = "";
    private EnsembleHistory? _ensemble;
    private string? _ensembleEtag;
    private RunSpec? _spec;
    private string _specJson = "";
    private DateTimeOffset _submitted;
    private RunRecord _record = new();
    private string? _etag;
    private RunState _said = RunState.Unknown;
    private (RunStatus Status, long At)? _status;
    private Task? _loading;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _run = this.GetPrimaryKeyString();
        return Task.CompletedTask;
    }

    public async Task<RunStatus> SubmitAsync(string specJson) => await SubmitAsync(specJson, RunWish.Run);

    public async Task<RunStatus> IngestAsync(string specJson) => await SubmitAsync(specJson, RunWish.Data);

    private async Task<RunStatus> SubmitAsync(string specJson, RunWish wish)
    {
        return await DoAsync(async () =>
        {
            var spec = RunSpecReader.Parse(specJson).Spec;
            BlobName.CheckRunId(_run);
            if (spec.Name != _run)
            {
                throw new ParisInputException($"The spec names run '{spec.Name}' but was sent to run '{_run}'; send it under its own name.");
            }

            var canonical = Encoding.UTF8.GetString(RunSpecJson.Serialize(spec));
            if (_spec is null)
            {
                if (wish == RunWish.Data)
                {
                    // Before the run is there: whoever finds it must not train.
                    await SaveAsync(x => x with { Wish = wish });
                }

                await JsonBlobs.CreateAsync(store, SpecName, Encoding.UTF8.GetBytes(canonical));
                await LoadAsync();
            }

            if (_specJson != canonical)
            {
                throw new ParisException(
                    ParisException.Conflict,
                    $"Run '{_run}' exists in {store.Description} with another spec; choose another name, or submit the spec it was started with.");
            }

            if (State is RunState.Cancelled or RunState.Paused or RunState.Failed && !(wish == RunWish.Data && _book.DataIsThere))
            {
                await ResumeCoreAsync(wish);
            }

            GrainLog.RunSubmitted(logger, _run, _book.Plan.Count);
            await EnsureCoreAsync();
            Announce();
            return await StatusAsync();
        });
    }

    public async Task<RunStatus> GetStatusAsync()
    {
        if (_status is { } known && time.GetElapsedTime(known.At) < _freshness)
        {
            return known.Status;
        }

        return await DoAsync(() =>
        {
            Require();
            return StatusAsync();
        });
    }

    public async Task<RunStatus> PauseAsync() => await StopAsync(RunWish.Pause);

    public async Task<RunStatus> CancelAsync() => await StopAsync(RunWish.Cancel);

    public async Task<RunStatus> ResumeAsync()
    {
        return await DoAsync(async () =>
        {
            Require();
            await ResumeCoreAsync(RunWish.Run);
            await EnsureCoreAsync();
            Announce();
            return await StatusAsync();
        });
    }

    public async Task<string> SampleAsync(SampleRequest request)
    {
        return await DoAsync(async () =>
        {
            var spec = Require();
            CheckStrategy(spec, request.Strategy, alone: true);
            var revision = Ensemble.Current.Revision;
            if (request.Count is < 1 or > 65_536)
            {
                throw new ParisInputException($"{request.Count} images were asked for; ask for 1 to 65536.");
            }

            SamplePrompts.Check(spec, request.Prompts);
            var id = request.Id.Length > 0 ? BlobName.CheckRunId(request.Id) : RandomNumberGenerator.GetHexString(8, lowercase: true);
            var job = new JobId(_run, JobKind.Sample, id);
            var order = new SampleOrder
            {
                Strategy = request.Strategy,
                Count = request.Count,
                Seed = request.Seed,
                Steps = request.Steps,
                GuidanceScale = request.GuidanceScale,
                Revision = revision,
                Prompts = request.Prompts,
            };
            var (stored, _) = await JsonBlobs.ReadAsync<SampleOrder>(store, SampleOrder.BlobName(job));
            if (stored is null)
            {
                await JsonBlobs.CreateAsync(store, SampleOrder.BlobName(job), JsonSerializer.SerializeToUtf8Bytes(order, WorkerProtocol.Json));
            }
            else if (!stored.AsksFor(order))
            {
                throw new ParisException(ParisException.Conflict, $"Sample '{id}' of run '{_run}' exists with another request; choose another id.");
            }

            await AddExtraAsync(new ExtraJob(job, order.Strategy, stored is null ? revision : stored.Revision ?? 1));
            return job.Key;
        });
    }

    public async Task<string[]> EvaluateAsync(string[] strategies)
    {
        return await DoAsync(async () =>
        {
            var spec = RequireData();
            string[] wanted = strategies.Length > 0 ? strategies : [.. RunPlan.Strategies(spec)];
            JobId Job(string strategy) => new(_run, JobKind.Evaluate, strategy, strategy == StrategyNames.Twin ? 1 : Ensemble.Current.Revision);
            foreach (var strategy in wanted)
            {
                CheckStrategy(spec, strategy, alone: false);
            }

            foreach (var strategy in wanted)
            {
                var job = Job(strategy);
                if (!_book.Plan.Any(x => x.Id == job))
                {
                    // The job's own record is what a later activation finds it by.
                    await JsonBlobs.WriteAsync(store, JobRecord.BlobName(job), new JobRecord { Submitted = _submitted }, null);
                    await AddExtraAsync(new ExtraJob(job, strategy, job.Revision));
                }
            }

            return wanted.Select(x => Job(x).Key).ToArray();
        });
    }

    public async Task<int> ChangeEnsembleAsync(string changeJson)
    {
        return await DoAsync(async () =>
        {
            var spec = RequireData();
            var wanted = Parse(changeJson);
            if (wanted.From is { } from && Started(wanted, from) is { } known)
            {
                return known;
            }

            if (Ensemble.Pending is { } pending)
            {
                throw new ParisException(
                    ParisException.Conflict,
                    $"Revision {pending.Revision} of run '{_run}' is being trained; wait until it is complete, or take it back with 'paris expert undo {_run}'.");
            }

            if (State != RunState.Completed)
            {
                throw new ParisException(ParisException.Conflict, $"Run '{_run}' is {State.ToString().ToLowerInvariant()} ({_book.Decision.Phase}); its experts can be changed once it is completed.");
            }

            if (wanted.From is { } expected && expected != Ensemble.Current.Revision)
            {
                throw new ParisException(ParisException.Conflict, $"The change was made for revision {expected} of run '{_run}', but revision {Ensemble.Current.Revision} is in use; look at 'paris experts {_run}' again.");
            }

            var revision = Ensemble.Current.With(wanted, Ensemble.NextNumber);
            await CheckSplitAsync(revision);

            // The order is the whole change: from here on every activation goes on with it.
            if (await JsonBlobs.WriteAsync(store, EnsembleRevision.BlobName(_run, revision.Revision), revision, null) is null)
            {
                await ReadEnsembleAsync(spec);
                if (Started(revision.Change!, revision.Base) != revision.Revision)
                {
                    throw new ParisException(ParisException.Conflict, $"Somebody else changed run '{_run}' at the same moment; look at 'paris experts {_run}' again.");
                }
            }

            GrainLog.EnsembleChanges(logger, _run, revision.Revision, revision.Base);
            await ReadEnsembleAsync(spec);
            if (_record.Wish != RunWish.Run)
            {
                // A wish of before it completed.
                await SaveAsync(x => x with { Wish = RunWish.Run });
            }

            await EnsureCoreAsync();
            Announce();
            return revision.Revision;
        });
    }

    public async Task<int> UndoEnsembleAsync(int revision)
    {
        return await DoAsync(async () =>
        {
            var spec = Require();
            await ReadEnsembleAsync(spec);
            if (Ensemble.State.Discarded.Contains(revision))
            {
                return Ensemble.Current.Revision;
            }

            var last = Ensemble.Chain.Last();
            if (last.Revision == 1)
            {
                throw new ParisInputException($"The ensemble of run '{_run}' was never changed: there is nothing to take back.");
            }

            if (last.Revision != revision)
            {
                throw new ParisException(ParisException.Conflict, $"Revision {revision} is not the last one of run '{_run}'; that is revision {last.Revision}, and only the last can be taken back.");
            }

            // Its workers first: once the revision is taken back, nobody looks after them.
            var jobs = _book.Plan.Where(x => x.Id.Revision == revision && _book.Of(x.Id) != JobOutcome.Done).Select(x => x.Id);
            await Task.WhenAll(jobs.Select(x => GrainFactory.GetJob(x).CancelAsync()));
            var (state, etag) = await JsonBlobs.ChangeAsync<EnsembleState>(store, EnsembleState.BlobName(_run), _ensembleEtag is null ? null : Ensemble.State, _ensembleEtag, x =>
            {
                var known = x ?? new EnsembleState();
                return known with { Current = Math.Min(known.Current, last.Base), Discarded = [.. known.Discarded.Append(revision).Distinct()] };
            });
            (_ensemble, _ensembleEtag) = (Ensemble with { State = state }, etag);
            GrainLog.EnsembleUndone(logger, _run, revision, state.Current);
            await PlanAsync(spec);
            await EnsureCoreAsync();
            Announce();
            return state.Current;
        });
    }

    public async Task<RunSummary> EnsureAsync()
    {
        return await DoAsync(async () =>
        {
            Require();
            await EnsureCoreAsync();
            return new RunSummary
            {
                Run = _run,
                State = State,
                Phase = _book.Decision.Phase,
                Submitted = _submitted,
                Seconds = Seconds,
                JobsDone = _book.Plan.Count(x => _book.Of(x.Id) == JobOutcome.Done),
                JobsTotal = _book.Plan.Count,
                Message = Message,
                Active = _book.Active,
            };
        });
    }

    public async Task JobEndedAsync(JobStatus status)
    {
        await DoAsync(async () =>
        {
            if (_spec is not null)
            {
                Learn(status);
                await EnsureCoreAsync();
            }

            return true;
        });
    }

    public Task<string[]> GetWantedJobsAsync() => Task.FromResult(_book.Decision.ShouldRun.Select(x => x.Id.Key).ToArray());

    private EnsembleHistory Ensemble => _ensemble!;

    private string SpecName => $"runs/{_run}/spec.json";

    private RunState State => _book.Decision.Stage switch
    {
        RunStage.Completed => RunState.Completed,
        RunStage.Paused => RunState.Paused,
        RunStage.Failed => RunState.Failed,
        RunStage.Cancelled => RunState.Cancelled,
        RunStage.Pending => RunState.Pending,
        _ => RunState.Running,
    };

    private double Seconds => Math.Max(0, ((_record.Ended ?? time.GetUtcNow()) - _submitted).TotalSeconds);

    private string Message => _ended.Values.FirstOrDefault(x => x.State is JobState.Failed or JobState.Quarantined) is { } failed
        ? $"{failed.Key}: {failed.Message}"
        : "";

    private RunSpec Require() => _spec
        ?? throw new ParisException(ParisException.NotFound, $"There is no run '{_run}' in {store.Description}; submit its spec first.");

    private RunSpec RequireData() => Require() is { Import: null } spec
        ? spec
        : throw new ParisInputException($"Run '{_run}' was imported and has no images; it can be sampled and exported.");

    /// <summary>Runs a request once the run is read from the store; one reading serves all who wait for it.</summary>
    private async Task<T> DoAsync<T>(Func<Task<T>> action) => await Failures.TranslateAsync(async () =>
    {
        if (_loading is null or { IsFaulted: true } or { IsCanceled: true })
        {
            _loading = LoadAsync();
        }

        await _loading;
        return await action();
    });

    /// <summary>Reads everything from the store.</summary>
    private async Task LoadAsync()
    {
        if (await store.GetAsync(SpecName) is not { } blob)
        {
            return;
        }

        var spec = RunSpecJson.Read(blob.Bytes, SpecName);
        _specJson = Encoding.UTF8.GetString(RunSpecJson.Serialize(spec));
        _submitted = blob.Info.LastModified;
        var (record, etag) = await JsonBlobs.ReadAsync<RunRecord>(store, RunRecord.BlobName(_run));
        (_record, _etag) = (record ?? new RunRecord(), etag);
        await FindExtrasAsync();
        await ReadEnsembleAsync(spec);
        _spec = spec;
        _book.Wish = _record.Wish;
        _book.Decide();
    }

    /// <summary>Reads what became of the ensemble, and plans for it.</summary>
    private async Task ReadEnsembleAsync(RunSpec spec)
    {
        // The tag first: a switch in between makes the next conditional write fail, which reads again.
        _ensembleEtag = (await store.HeadAsync(EnsembleState.BlobName(_run)))?.ETag;
        _ensemble = await EnsembleHistory.ReadAsync(store, spec);
        await PlanAsync(spec);
    }

    private async Task PlanAsync(RunSpec spec)
    {
        _book.Plan = RunPlan.For(spec, _extras, _ensemble);
        await Task.WhenAll(_book.Plan.Where(x => !_book.Outcomes.ContainsKey(x.Id)).Select(LearnAsync));
        foreach (var gone in _ended.Keys.Concat(_seen.Keys).Except(_book.Plan.Select(x => x.Id)).ToArray())
        {
            _ended.Remove(gone);
            _seen.Remove(gone);
        }
    }

    /// <summary>The revision that this change of <paramref name="from"/> started; null when there is none.</summary>
    private int? Started(EnsembleChange change, int from) => Ensemble.Chain
        .FirstOrDefault(x => x.Base == from && x.Change == change.Check(Ensemble.Of(from)))?.Revision;

    private static EnsembleChange Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<EnsembleChange>(json, WorkerProtocol.Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"This is no change of an ensemble: {exception.Message}", exception);
        }
    }

    /// <summary>A cluster too small to be split is told now, not by a job.</summary>
    private async Task CheckSplitAsync(EnsembleRevision revision)
    {
        if (revision.Change!.Split is { } split)
        {
            var partition = await JobFence.ReadResultAsync(store, new JobId(_run, JobKind.Partition, Revision: Ensemble.Current.Partition));
            if (partition?.Metrics.GetValueOrDefault($"size.cluster.{split}") is < 2)
            {
                throw new ParisInputException($"The cluster of expert {split} has fewer than two samples; split a larger one.");
            }
        }
    }

    /// <summary>Puts a revision to use as soon as its models are trained: one conditional write.</summary>
    private async Task SwitchAsync()
    {
        if (Ensemble.Pending is not { } pending || pending.Models(_run).Any(x => _book.Of(x) != JobOutcome.Done))
        {
            return;
        }

        var (state, etag) = await JsonBlobs.ChangeAsync<EnsembleState>(store, EnsembleState.BlobName(_run), _ensembleEtag is null ? null : Ensemble.State, _ensembleEtag, x =>
        {
            // Never back, and never to what was taken back meanwhile.
            var known = x ?? new EnsembleState();
            return known.Discarded.Contains(pending.Revision) ? known : known with { Current = Math.Max(known.Current, pending.Revision) };
        });
        (_ensemble, _ensembleEtag) = (Ensemble with { State = state }, etag);
        GrainLog.EnsembleSwitched(logger, _run, state.Current);
    }

    private async Task FindExtrasAsync()
    {
        _extras.Clear();
        foreach (var kind in (JobKind[])[JobKind.Sample, JobKind.Evaluate])
        {
            var folder = new JobId(_run, kind).Folder.TrimEnd('/') + "/";
            await foreach (var blob in store.ListAsync(folder))
            {
                var job = JobId.OfLabel(_run, kind, blob.Name[folder.Length..].Split('/')[0]);
                if (blob.Name == JobRecord.BlobName(job) && kind == JobKind.Evaluate)
                {
                    _extras.Add(new ExtraJob(job, job.Part, job.Revision));
                }
                else if (blob.Name == SampleOrder.BlobName(job) && kind == JobKind.Sample)
                {
                    var (order, _) = await JsonBlobs.ReadAsync<SampleOrder>(store, blob.Name);
                    _extras.Add(new ExtraJob(job, order?.Strategy ?? "", order?.Revision ?? 1));
                }
            }
        }
    }

    private async Task LearnAsync(PlannedJob job)
    {
        var (outcome, record) = await RunBook.ReadOutcomeAsync(store, job.Id);
        _book.Learn(job.Id, outcome);
        if (record?.Failure is { } failure)
        {
            _ended[job.Id] = new JobStatus
            {
                Key = job.Id.Key,
                Kind = job.Id.Kind,
                Part = job.Id.Label,
                State = record.Quarantined ? JobState.Quarantined : JobState.Failed,
                Message = failure,
                Retries = record.Retries.Total,
                BadInput = record.BadInput,
            };
        }
    }

    private void Learn(JobStatus status)
    {
        var job = JobId.Parse(status.Key);
        if (_book.Plan.All(x => x.Id != job))
        {
            return;
        }

        var outcome = status.State switch
        {
            JobState.Completed => JobOutcome.Done,
            JobState.Failed or JobState.Quarantined => JobOutcome.Failed,
            JobState.Paused or JobState.Cancelled => JobOutcome.SetAside,
            _ => JobOutcome.Open,
        };
        _book.Learn(job, outcome);
        if (outcome is JobOutcome.Done or JobOutcome.Failed)
        {
            _ended[job] = status;
        }
        else
        {
            _ended.Remove(job);
        }
    }

    /// <summary>
    /// Asks every job that should run and was not asked lately, each once; goes on while the answers open the way for others. An answer that takes
    /// too long counts when it comes.
    /// </summary>
    private async Task EnsureCoreAsync()
    {
        var patience = Task.Delay(_patience, time);
        HashSet<JobId> turn = [];
        while (!patience.IsCompleted && _book.Ask(turn) is { Count: > 0 } ask)
        {
            // One after the other, so that they ask for slots in the order of the plan; but none holds the others up for long.
            List<Task> asked = [];
            foreach (var job in ask)
            {
                asked.Add(EnsureJobAsync(job));
                await Task.WhenAny(asked[^1], patience, Task.Delay(_turn, time));
            }

            await Task.WhenAny(Task.WhenAll(asked), patience);
        }

        _book.Decide();
        await SwitchAsync();
        await StopJobsAsync();
        _status = null;
        await NoteEndAsync();
        if (State != _said)
        {
            _said = State;
            GrainLog.RunChanged(logger, _run, State, _book.Decision.Phase);
        }
    }

    private async Task EnsureJobAsync(PlannedJob job)
    {
        var before = _book.Of(job.Id);
        try
        {
            var headOnly = job.Id is { Kind: JobKind.TrainRouter, Revision: > 1 } && Ensemble.Of(job.Id.Revision).Change!.Router == RouterRefit.Head;
            var order = new QueueOrder(_spec!.Priority, _submitted, job.Place, job.Id.Key) { Share = _spec.Share, Demand = JobDemand.Of(_spec, job.Id.Kind, job.Total, headOnly, job.Id.Kind == JobKind.TrainExpert ? job.Id.Expert : null) };
            var grain = GrainFactory.GetJob(job.Id);
            if (before == JobOutcome.SetAside && _book.GoesOn)
            {
                // It has not heard that the run goes on.
                await grain.ResumeAsync();
            }

            var status = await grain.EnsureAsync(Orders.Of(order, job.Total));
            if (_book.Of(job.Id) == before)
            {
                // Else a later turn learnt something newer meanwhile.
                Learn(status);
            }
        }
        catch (Exception exception)
        {
            // One job's silo may be going away: the next tick asks it again.
            GrainLog.MessageLost(logger, job.Id.Key, exception);
            _book.NotReached(job.Id);
        }
    }

    /// <summary>Tells every job of a paused or cancelled run; who cannot be reached now is told at the next tick.</summary>
    private async Task StopJobsAsync()
    {
        await WaitAsync([.. _book.ToStop.ToArray().Select(async x =>
        {
            try
            {
                var job = GrainFactory.GetJob(x.Id);
                await (_record.Wish == RunWish.Pause ? job.PauseAsync() : job.CancelAsync());
                _book.Stopped(x.Id);
            }
            catch (Exception exception)
            {
                GrainLog.MessageLost(logger, x.Id.Key, exception);
            }
        })]);
    }

    /// <summary>Waits for the jobs' answers, but for none too long: what comes later counts when it comes.</summary>
    private async Task WaitAsync(Task[] answers)
    {
        if (answers.Length > 0)
        {
            await Task.WhenAny(Task.WhenAll(answers), Task.Delay(_patience, time));
        }
    }

    private async Task NoteEndAsync()
    {
        var ended = State is RunState.Completed or RunState.Failed or RunState.Cancelled;
        if (ended != _record.Ended.HasValue)
        {
            var at = ended ? time.GetUtcNow() : (DateTimeOffset?)null;
            await SaveAsync(x => x with { Ended = at });
        }
    }

    private async Task<RunStatus> StopAsync(RunWish wish)
    {
        return await DoAsync(async () =>
        {
            Require();
            if (State is not (RunState.Completed or RunState.Cancelled) || _book.ToStop.Any())
            {
                await SaveAsync(x => x with { Wish = wish });
                _book.StopAnew();
                await EnsureCoreAsync();
                Announce();
            }

            return await StatusAsync();
        });
    }

    private async Task ResumeCoreAsync(RunWish wish)
    {
        if (_record.Wish != wish)
        {
            await SaveAsync(x => x with { Wish = wish });
        }

        await WaitAsync([.. _book.Plan.Where(x => _book.Of(x.Id) != JobOutcome.Done && RunPlan.Wants(wish, x.Id.Kind)).ToArray().Select(async x =>
        {
            try
            {
                Learn(await GrainFactory.GetJob(x.Id).ResumeAsync());
            }
            catch (Exception exception)
            {
                // If it is paused, it is told again when it is asked to run.
                GrainLog.MessageLost(logger, x.Id.Key, exception);
            }
        })]);
        _book.AskAnew();
    }

    private async Task AddExtraAsync(ExtraJob extra)
    {
        if (_book.Plan.All(x => x.Id != extra.Id))
        {
            _extras.Add(extra);
            await PlanAsync(_spec!);
        }

        await EnsureCoreAsync();
        Announce();
    }

    private void CheckStrategy(RunSpec spec, string strategy, bool alone)
    {
        if (alone && Ensemble.Current.Members.Any(x => strategy == $"expert-{x.Expert}"))
        {
            return;
        }

        if (StrategyNames.Check(strategy) == StrategyNames.Twin && !spec.Twin)
        {
            throw new ParisInputException($"Run '{spec.Name}' trains no twin; use one of {string.Join(", ", StrategyNames.Routed)}.");
        }
    }

    private async Task SaveAsync(Func<RunRecord, RunRecord> change)
    {
        (_record, _etag) = await JsonBlobs.ChangeAsync(store, RunRecord.BlobName(_run), _etag is null ? null : _record, _etag, x => change(x ?? new RunRecord()));
        _book.Wish = _record.Wish;
    }

    private void Announce() => GrainFactory.Supervisor().WatchAsync(_run).Forget(exception => GrainLog.MessageLost(logger, "supervisor", exception));

    private async Task<RunStatus> StatusAsync()
    {
        var decision = _book.Decision;
        var waiting = decision.Waiting.Concat(decision.Stuck).Select(x => x.Id).ToHashSet();
        var jobs = await Task.WhenAll(_book.Plan.Select(async job =>
        {
            var outcome = _book.Of(job.Id);
            if (_ended.TryGetValue(job.Id, out var ended) && outcome == JobOutcome.Done)
            {
                return ended;
            }

            // A job whose inputs are not there has no grain yet; with paused jobs there may be one.
            if (outcome == JobOutcome.Open && waiting.Contains(job.Id) && decision.Stage is not RunStage.Paused)
            {
                var needs = job.Needs.Where(x => _book.Of(x) != JobOutcome.Done).Select(x => x.Key[(_run.Length + 1)..]);
                return new JobStatus
                {
                    Key = job.Id.Key,
                    Kind = job.Id.Kind,
                    Part = job.Id.Label,
                    State = JobState.Waiting,
                    Total = job.Total,
                    Message = $"waits for {string.Join(", ", needs.Take(3))}{(needs.Count() > 3 ? " …" : "")}",
                };
            }

            JobStatus status;
            try
            {
                status = _seen[job.Id] = await GrainFactory.GetJob(job.Id).GetStatusAsync().WaitAsync(_patience, time);
            }
            catch (Exception exception) when (exception is TimeoutException or OrleansException)
            {
                // One silent job hides no other.
                GrainLog.MessageLost(logger, job.Id.Key, exception);
                status = (_seen.GetValueOrDefault(job.Id) ?? new JobStatus { Key = job.Id.Key, Kind = job.Id.Kind, Part = job.Id.Label, State = JobState.Waiting })
                    with { Message = "does not answer at present" };
            }

            if (outcome == JobOutcome.Done && status.State == JobState.Completed)
            {
                _ended[job.Id] = status;
            }

            return status.Total == 0 && job.Total > 0 ? status with { Total = job.Total } : status;
        }));
        var result = new RunStatus
        {
            Run = _run,
            State = State,
            Phase = decision.Phase,
            Jobs = jobs,
            Submitted = _submitted,
            Seconds = Seconds,
            Message = Message,
            SpecJson = _specJson,
        };
        _status = (result, time.GetTimestamp());
        return result;
    }
}
