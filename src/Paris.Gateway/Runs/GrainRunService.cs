using System.Text.Json;
using System.Text.Json.Nodes;
using Orleans;
using Polly;
using Polly.Retry;
using Polly.Timeout;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Gateway.Api;
using Paris.Grains.Abstractions;

namespace Paris.Gateway.Runs;

/// <summary>Asks the grains.</summary>
internal sealed class GrainRunService(IGrainFactory grains) : IRunService
{
    public async Task<RunView> SubmitAsync(string specJson, bool dataOnly, CancellationToken cancellationToken)
    {
        var run = grains.GetGrain<IRunGrain>(RunName(specJson));
        return View(await Ask(() => dataOnly ? run.IngestAsync(specJson) : run.SubmitAsync(specJson), cancellationToken));
    }

    public async Task<IReadOnlyList<RunSummaryView>> ListAsync(CancellationToken cancellationToken)
    {
        var runs = await Read(() => grains.Supervisor().ListRunsAsync(), cancellationToken);
        return [.. runs.Select(r => new RunSummaryView(r.Run, Kebab(r.State), r.Phase, r.Submitted, r.Seconds, r.JobsDone, r.JobsTotal))];
    }

    public async Task<RunView?> GetAsync(string run, CancellationToken cancellationToken)
    {
        try
        {
            var status = await Read(() => grains.GetGrain<IRunGrain>(run).GetStatusAsync(), cancellationToken);
            return status.State == RunState.Unknown ? null : View(status);
        }
        catch (ApiException e) when (e.Status == StatusCodes.Status404NotFound)
        {
            return null;
        }
    }

    public async Task<RunView> PauseAsync(string run, CancellationToken cancellationToken)
        => View(await Ask(() => grains.GetGrain<IRunGrain>(run).PauseAsync(), cancellationToken));

    public async Task<RunView> ResumeAsync(string run, CancellationToken cancellationToken)
        => View(await Ask(() => grains.GetGrain<IRunGrain>(run).ResumeAsync(), cancellationToken));

    public async Task<RunView> CancelAsync(string run, CancellationToken cancellationToken)
        => View(await Ask(() => grains.GetGrain<IRunGrain>(run).CancelAsync(), cancellationToken));

    public async Task<string> SampleAsync(string run, Core.Rest.SampleRequest request, CancellationToken cancellationToken)
    {
        var order = new Grains.Abstractions.SampleRequest
        {
            Id = request.Id ?? "",
            Strategy = request.Strategy,
            Count = request.Count,
            Seed = request.Seed,
            Steps = request.Steps,
            GuidanceScale = request.Guidance,
            Prompts = request.Prompts?.ToArray(),
        };
        return await Ask(() => grains.GetGrain<IRunGrain>(run).SampleAsync(order), cancellationToken);
    }

    public async Task<IReadOnlyList<string>> EvaluateAsync(string run, IReadOnlyList<string> strategies, CancellationToken cancellationToken)
        => await Ask(() => grains.GetGrain<IRunGrain>(run).EvaluateAsync([.. strategies]), cancellationToken);

    public async Task<int> ChangeEnsembleAsync(string run, EnsembleChange change, CancellationToken cancellationToken)
        => await Ask(() => grains.GetGrain<IRunGrain>(run).ChangeEnsembleAsync(JsonSerializer.Serialize(change, WorkerProtocol.Json)), cancellationToken);

    public async Task<int> UndoEnsembleAsync(string run, int revision, CancellationToken cancellationToken)
        => await Ask(() => grains.GetGrain<IRunGrain>(run).UndoEnsembleAsync(revision), cancellationToken);

    public async Task<TraceView> GetTraceAsync(JobId job, int points, CancellationToken cancellationToken)
    {
        var trace = await Read(() => grains.GetJob(job).GetTraceAsync(points), cancellationToken);
        return new TraceView(job.Key, [.. trace.Select(p => p.Step)], [.. trace.Select(p => p.Value)]);
    }

    public async Task<ClusterView> GetClusterAsync(CancellationToken cancellationToken)
    {
        var status = await Read(() => grains.Scheduler().GetStatusAsync(), cancellationToken);
        var silos = status.Silos.Select(s => new SiloView(s.Silo, s.Draining, [.. s.Slots.Select(View)], s.DeletionCost)).ToArray();
        var slots = silos.SelectMany(s => s.Slots).ToArray();
        return new ClusterView(silos, slots.Length, slots.Count(s => s.Job is not null), status.Queue, status.Rebalances);
    }

    public async Task<MigrationView> MigrateAsync(JobId job, MigrateRequest request, CancellationToken cancellationToken)
    {
        var migration = await Ask(() => grains.GetJob(job).MigrateAsync(request.To ?? "", request.Slot ?? ""), cancellationToken);
        return new MigrationView(migration.Job, $"{migration.FromSilo}/{migration.FromSlot}", $"{migration.ToSilo}/{migration.ToSlot}", migration.Epoch);
    }

    public async Task<AdviceView> AdviseAsync(CancellationToken cancellationToken)
    {
        var advice = await Read(() => grains.Scheduler().AdviseAsync(), cancellationToken);
        return new AdviceView(
            advice.Queued,
            advice.Running,
            advice.Slots,
            advice.Free,
            advice.Rebalances,
            [.. advice.Wanted.Select(w => new WantedView(w.Needs, w.Jobs, w.Present, w.Add))],
            [.. advice.Finish.Select(f => new FinishView(f.Added, f.Seconds, f.Unknown))],
            [.. advice.Silos.Select(s => new SiloCostView(s.Silo, s.Slots, s.Running, s.Cost, s.CanGo))]);
    }

    public Task RebalanceAsync(bool on, CancellationToken cancellationToken) => Ask(
        async () =>
        {
            await grains.Scheduler().RebalanceAsync(on);
            return on;
        },
        cancellationToken);

    private static SlotView View(SlotStatus slot) => new(slot.Slot, slot.Device, Given(slot.Job))
    {
        Model = Given(slot.Facts.Model),
        MemoryBytes = slot.Facts.MemoryBytes,
        Compute = slot.Facts.Compute,
        Threads = slot.Facts.Threads,
        Rate = slot.Work.Rate,
    };

    private static RunView View(RunStatus status)
    {
        var jobs = status.Jobs.Select(View).ToArray();
        return new RunView
        {
            Run = status.Run,
            State = Kebab(status.State),
            Phase = status.Phase,
            Message = status.Message,
            Submitted = status.Submitted,
            Seconds = status.Seconds,
            Jobs = jobs,
            Phases = Phases.Of(jobs),
        };
    }

    private static JobView View(JobStatus job) => new()
    {
        Key = job.Key,
        Kind = new JobId("run", job.Kind, job.Part).KindName,
        Part = job.Part,
        State = Kebab(job.State),
        Silo = Given(job.Silo),
        Slot = Given(job.Slot),
        Epoch = job.Epoch,
        Step = job.Step,
        Total = job.Total,
        Rate = job.Rate,
        Unit = Given(job.Unit),
        Loss = job.Loss,
        Retries = job.Retries,
        BadInput = job.BadInput,
        CommittedStep = job.CommittedStep,
        QueuePosition = job.QueuePosition,
        Seconds = job.Seconds,
        Metrics = job.Metrics,
        Outputs = job.Outputs,
        Message = Given(job.Message),
        Preview = Given(job.Preview),
        SecondsLeft = job.SecondsLeft,
    };

    private static string? Given(string text) => text.Length == 0 ? null : text;

    private static string Kebab<T>(T state)
        where T : struct, Enum
        => JsonNamingPolicy.KebabCaseLower.ConvertName(state.ToString());

    private static string RunName(string specJson) => JsonNode.Parse(specJson)?["name"]?.GetValue<string>() ?? "";

    /// <summary>How long a reading waits for an answer before it asks again.</summary>
    internal static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A silo that comes or goes rejects calls for a moment, and a client learns which grains there are a moment after it has found its first
    /// silo. Every grain method may be repeated.
    /// </summary>
    private static readonly ResiliencePipeline _again = Repeating().Build();

    /// <summary>
    /// The same for what only reads. A call that waits on a silo that is killed gets no answer: nobody tells the client, which would wait for
    /// the whole of Orleans' response timeout.
    /// </summary>
    private static readonly ResiliencePipeline _readAgain = Repeating().AddTimeout(ReadPatience).Build();

    /// <summary>Calls a grain; its refusals become the API's.</summary>
    internal static Task<T> Ask<T>(Func<Task<T>> call, CancellationToken cancellationToken) => Ask(call, _again, cancellationToken);

    /// <summary>Reads from a grain that answers at once if it can: no answer within <see cref="ReadPatience"/> is asked for anew.</summary>
    internal static Task<T> Read<T>(Func<Task<T>> call, CancellationToken cancellationToken) => Ask(call, _readAgain, cancellationToken);

    private static async Task<T> Ask<T>(Func<Task<T>> call, ResiliencePipeline again, CancellationToken cancellationToken)
    {
        try
        {
            return await again.ExecuteAsync(async stop => await Called(call).WaitAsync(stop), cancellationToken);
        }
        catch (ParisException e)
        {
            throw e.Code switch
            {
                ParisException.BadInput => ApiException.Input(e.Message),
                ParisException.NotFound => ApiException.NotFound(e.Message),
                ParisException.Conflict => ApiException.Conflict(e.Message),
                _ => new ApiException(StatusCodes.Status503ServiceUnavailable, "unavailable", e.Message),
            };
        }
        catch (Exception e) when (e is TimeoutException or TimeoutRejectedException or Orleans.Runtime.OrleansException or UnknownGrainsException)
        {
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, "unavailable", $"The cluster did not answer: {e.Message}");
        }
    }

    private static ResiliencePipelineBuilder Repeating() => new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
    {
        ShouldHandle = new PredicateBuilder().Handle<Orleans.Runtime.OrleansMessageRejectionException>().Handle<UnknownGrainsException>().Handle<TimeoutRejectedException>(),
        MaxRetryAttempts = 4,
        Delay = TimeSpan.FromMilliseconds(200),
        BackoffType = DelayBackoffType.Exponential,
    });

    private static Task<T> Called<T>(Func<Task<T>> call)
    {
        try
        {
            return call();
        }
        catch (ArgumentException e)
        {
            // What Orleans' factory says of an interface that no silo it knows implements.
            throw new UnknownGrainsException(e.Message);
        }
    }

    private sealed class UnknownGrainsException(string message) : Exception(message);
}
