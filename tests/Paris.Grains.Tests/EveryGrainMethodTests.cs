using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Paris.Cluster.Tests;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Paris.Core.Specs.Validation;
using Paris.Core.Storage;
using Paris.Grains.Abstractions;
using Xunit;
using ChaosFault = Paris.Core.Rest.ChaosFault;

namespace Paris.Grains.Tests;

/// <summary>Calls every method of every grain on a running silo, so that whatever cannot be serialized is found here.</summary>
public sealed class EveryGrainMethodTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-grains-tests-").FullName;
    private readonly FakeAgent _agent = new();
    private readonly HashSet<string> _called = [];
    private IHost _host = null!;
    private IGrainFactory _grains = null!;
    private LocalBlobStore _store = null!;

    public async Task InitializeAsync()
    {
        _store = new LocalBlobStore(_folder, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddFilter(_ => false);
        builder.Services.AddSingleton<IBlobStore>(_store);
        builder.Services.AddSingleton<IDeviceAgent>(_agent);
        builder.Services.AddParisGrains();
        var (silo, gateway) = FreePorts.Pair();
        builder.UseOrleans(x => x.UseLocalhostClustering(silo, gateway, null, "paris", "every-method"));
        _host = builder.Build();
        await _host.StartAsync();
        _grains = _host.Services.GetRequiredService<IGrainFactory>();
        _agent.Address = _host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToParsableString();
    }

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task EveryMethodOfEveryGrainCanBeCalled()
    {
        var spec = new RunSpec
        {
            Name = "demo",
            Data = new DataSpec { Images = "images.gz" },
            Clustering = new ClusteringSpec { Clusters = 2 },
            Expert = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
            Router = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
            Evaluation = new EvaluationSpec { Strategies = ["full"] },
        };
        await ChangeTheEnsembleAsync(spec with { Name = "trained" });
        var run = _grains.GetGrain<IRunGrain>("demo");

        var status = Saw(await run.SubmitAsync(Encoding.UTF8.GetString(RunSpecJson.Serialize(spec))), "IRunGrain.SubmitAsync");
        Assert.Equal(("demo", RunState.Running, JobState.Queued), (status.Run, status.State, status.Jobs[0].State));
        Assert.Equal(Encoding.UTF8.GetString(RunSpecJson.Serialize(RunSpecValidator.Check(spec).Spec)), status.SpecJson);
        Assert.Equal(RunState.Running, Saw(await run.IngestAsync(status.SpecJson), "IRunGrain.IngestAsync").State); // goes on as it was
        Assert.Equal(["demo/ingest"], Saw(await run.GetWantedJobsAsync(), "IRunGrain.GetWantedJobsAsync"));
        Assert.Equal(RunState.Paused, Saw(await run.PauseAsync(), "IRunGrain.PauseAsync").State);
        Assert.Equal(RunState.Running, Saw(await run.ResumeAsync(), "IRunGrain.ResumeAsync").State);
        Assert.Equal("demo/sample/s1", Saw(await run.SampleAsync(new SampleRequest { Id = "s1", Strategy = "top-1", Seed = 7, Steps = 3, GuidanceScale = 2 }), "IRunGrain.SampleAsync"));
        Assert.Equal(["demo/evaluate/full"], Saw(await run.EvaluateAsync([]), "IRunGrain.EvaluateAsync"));
        Assert.True(Saw(await run.EnsureAsync(), "IRunGrain.EnsureAsync").Active);
        Assert.Equal(RunState.Running, Saw(await run.GetStatusAsync(), "IRunGrain.GetStatusAsync").State);
        await run.JobEndedAsync(new JobStatus { Key = "demo/ingest", State = JobState.Queued });
        Saw(0, "IRunGrain.JobEndedAsync");

        var scheduler = _grains.Scheduler();
        var facts = new DeviceFacts { Gpu = true, Model = "Tesla T4", MemoryBytes = 16L << 30, Compute = 7.5, Threads = 2 };
        await scheduler.ReportAsync(new SiloStatusReport { Silo = "x", Address = _agent.Address, Slots = [new SlotStatus { Slot = "cpu-0", Device = "CPU", Job = "other", Epoch = 3, Claim = "c", Age = 0.5, Facts = facts, Order = new JobOrder { Priority = 1, Shape = "s", Samples = 9 }, Work = new WorkProgress { Rate = 4, Unit = "samples", Step = 2, Total = 8 } }] });
        Saw(0, "IDeviceSchedulerGrain.ReportAsync");
        var reply = Saw(await scheduler.ReserveAsync(new ReserveRequest { Job = "other", Order = new JobOrder { Priority = 1 }, Home = "x" }), "IDeviceSchedulerGrain.ReserveAsync");
        Assert.Equal((ReserveOutcome.Running, "x", "cpu-0", "c", 3), (reply.Outcome, reply.Silo, reply.Slot, reply.Claim, reply.Epoch));
        var refused = Saw(await scheduler.MoveAsync(new MoveRequest { Job = "other", Order = new JobOrder(), Silo = "y" }), "IDeviceSchedulerGrain.MoveAsync");
        Assert.Equal((MoveRefusal.UnknownSilo, "there is no silo 'y'; silos are x"), (refused.Refusal, refused.Message));
        Assert.Contains("other", Saw(await scheduler.GetAccountedForAsync(), "IDeviceSchedulerGrain.GetAccountedForAsync"));
        await scheduler.RebalanceAsync(true);
        Saw(0, "IDeviceSchedulerGrain.RebalanceAsync");
        var advice = Saw(await scheduler.AdviseAsync(), "IDeviceSchedulerGrain.AdviseAsync");
        Assert.Equal((1, 1, true, "x", 125), (advice.Running, advice.Slots, advice.Rebalances, Assert.Single(advice.Silos).Silo, advice.Silos[0].Cost));
        Assert.NotEmpty(advice.Finish);
        await scheduler.ReleaseAsync("other", "");
        Saw(0, "IDeviceSchedulerGrain.ReleaseAsync");
        var cluster = Saw(await scheduler.GetStatusAsync(), "IDeviceSchedulerGrain.GetStatusAsync");
        Assert.Equal(("x", 0.5, facts, true, 125), (Assert.Single(cluster.Silos).Silo, cluster.Silos[0].Slots[0].Age, cluster.Silos[0].Slots[0].Facts, cluster.Rebalances, cluster.Silos[0].DeletionCost));

        var supervisor = _grains.Supervisor();
        await supervisor.WatchAsync("demo");
        Saw(0, "IJobSupervisorGrain.WatchAsync");
        await supervisor.TickAsync("x");
        Saw(0, "IJobSupervisorGrain.TickAsync");
        Assert.Contains("demo", Saw(await supervisor.ListRunsAsync(), "IJobSupervisorGrain.ListRunsAsync").Select(x => x.Run));

        // Of a run that nobody submitted: a running one would wake a job that is paused alone.
        foreach (var (key, type) in ((string, Type)[])[
            ("expert/0", typeof(IExpertGrain)), ("router", typeof(IRouterTrainerGrain)), ("extract", typeof(IClusteringJobGrain)),
            ("partition", typeof(IPreparationJobGrain)), ("sample/s1", typeof(ISamplerGrain))])
        {
            await CallJobAsync(_grains.GetJob("loose/" + key), type);
        }

        await CallChaosAsync();
        Assert.Equal(RunState.Cancelled, Saw(await run.CancelAsync(), "IRunGrain.CancelAsync").State);
        await Assert.ThrowsAsync<ParisException>(() => _grains.GetGrain<IRunGrain>("nobody").GetStatusAsync());

        Type[] all = [typeof(IRunGrain), typeof(IJobGrain), typeof(IDeviceSchedulerGrain), typeof(IJobSupervisorGrain), typeof(IChaosGrain)];
        var methods = all.SelectMany(x => x.GetMethods(BindingFlags.Public | BindingFlags.Instance).Select(m => $"{x.Name}.{m.Name}"));
        Assert.Equal(methods.Order(), _called.Order());
    }

    /// <summary>A trained run gets a third expert: an order, then one switch; what is taken back is out of use and its number is gone.</summary>
    private async Task ChangeTheEnsembleAsync(RunSpec spec)
    {
        var run = _grains.GetGrain<IRunGrain>(spec.Name);
        string Split(int expert, int? from = null) => JsonSerializer.Serialize(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = expert, From = from }, WorkerProtocol.Json);
        await _store.PutAsync($"runs/{spec.Name}/spec.json", RunSpecJson.Serialize(spec), PutCondition.Absent);
        foreach (var job in RunPlan.For(spec).Where(x => x.Id.Kind != JobKind.Evaluate))
        {
            await FinishAsync(job.Id);
        }

        // Not before the run is complete, and nothing that cannot be done.
        Assert.Contains("once it is completed", (await Assert.ThrowsAsync<ParisException>(() => run.ChangeEnsembleAsync(Split(1)))).Message, StringComparison.Ordinal);
        await FinishAsync(new JobId(spec.Name, JobKind.Evaluate, "full"));
        await run.JobEndedAsync(new JobStatus { Key = $"{spec.Name}/evaluate/full", State = JobState.Completed });
        Assert.Equal(ParisException.BadInput, (await Assert.ThrowsAsync<ParisException>(() => run.ChangeEnsembleAsync(Split(7)))).Code);
        Assert.Equal(ParisException.BadInput, (await Assert.ThrowsAsync<ParisException>(() => run.ChangeEnsembleAsync("{}"))).Code);
        Assert.Equal(ParisException.BadInput, (await Assert.ThrowsAsync<ParisException>(() => run.UndoEnsembleAsync(1))).Code);
        Assert.Contains("fewer than two samples", (await Assert.ThrowsAsync<ParisException>(() => run.ChangeEnsembleAsync(Split(0)))).Message, StringComparison.Ordinal);

        Assert.Equal(2, Saw(await run.ChangeEnsembleAsync(Split(1, from: 1)), "IRunGrain.ChangeEnsembleAsync"));
        Assert.Equal(2, await run.ChangeEnsembleAsync(Split(1, from: 1)));
        Assert.Equal(ParisException.Conflict, (await Assert.ThrowsAsync<ParisException>(() => run.ChangeEnsembleAsync(Split(1)))).Code);
        Assert.Equal(RunState.Running, (await run.GetStatusAsync()).State);
        Assert.Contains((await run.GetStatusAsync()).Jobs, x => x is { Key: "trained/expert/2-r2", Part: "2-r2", State: JobState.Waiting });
        Assert.Equal("trained/sample/early", await run.SampleAsync(new SampleRequest { Id = "early", Strategy = "expert-1" }));

        // Taken back in the middle.
        Assert.Equal(1, Saw(await run.UndoEnsembleAsync(2), "IRunGrain.UndoEnsembleAsync"));
        Assert.Equal(1, await run.UndoEnsembleAsync(2));
        Assert.Equal(RunState.Completed, (await run.GetStatusAsync()).State);

        // The next one is revision 3, and in use once its models are there; the evaluation comes after.
        foreach (var job in (JobId[])[new(spec.Name, JobKind.Partition, Revision: 3), JobId.ForExpert(spec.Name, 2, 3)])
        {
            await FinishAsync(job);
        }

        Assert.Equal(3, await run.ChangeEnsembleAsync(Split(1)));
        Assert.Equal(1, (await EnsembleHistory.ReadAsync(_store, spec)).State.Current);
        await FinishAsync(new JobId(spec.Name, JobKind.TrainRouter, Revision: 3));
        await run.JobEndedAsync(new JobStatus { Key = $"{spec.Name}/router/r3", State = JobState.Completed });
        var history = await EnsembleHistory.ReadAsync(_store, spec);
        Assert.Equal((3, 2), (history.State.Current, Assert.Single(history.State.Discarded)));
        Assert.Equal([0, 1, 2], history.Current.Members.Select(x => x.Expert));
        Assert.Contains("trained/evaluate/full-r3", await run.GetWantedJobsAsync());
        Assert.Equal("trained/sample/late", await run.SampleAsync(new SampleRequest { Id = "late", Strategy = "expert-2" }));
        Assert.Contains("\"revision\":3", Encoding.UTF8.GetString((await _store.GetAsync("runs/trained/samples/late/request.json"))!.Bytes), StringComparison.Ordinal);
        Assert.Contains("\"revision\":1", Encoding.UTF8.GetString((await _store.GetAsync("runs/trained/samples/early/request.json"))!.Bytes), StringComparison.Ordinal);
        await FinishAsync(new JobId(spec.Name, JobKind.Evaluate, "full", 3));
        await run.JobEndedAsync(new JobStatus { Key = $"{spec.Name}/evaluate/full-r3", State = JobState.Completed });
        Assert.Contains("revision 3 is in use", (await Assert.ThrowsAsync<ParisException>(() => run.ChangeEnsembleAsync(Split(0, from: 2)))).Message, StringComparison.Ordinal);
        await run.CancelAsync();

        async Task FinishAsync(JobId job)
        {
            var fence = await JobFence.TakeOverAsync(_store, job, "x", Guid.NewGuid().ToString("N"), "start");
            var metrics = new Dictionary<string, double> { ["size.cluster.0"] = 1, ["size.cluster.1"] = 9 };
            await fence.CommitResultAsync(new JobResult { Job = job, Metrics = job.Kind == JobKind.Partition ? metrics : [] });
        }
    }

    [Fact]
    public async Task AnActivationReattachesToTheWorkerThatItsSiloHolds()
    {
        var job = JobId.ForExpert("demo", 7);
        _agent.Worker = (job, new LocalWorker("cpu-0", "claim", 4));
        var attached = await _grains.GetJob(job).EnsureAsync(new JobOrder { Total = 100 });
        Assert.Equal((JobState.Running, "x", "cpu-0", 4), (attached.State, attached.Silo, attached.Slot, attached.Epoch));
        Assert.Equal(0, _agent.Starts);

        // A report of a worker of an older epoch is answered with the way out, one of the same claim is taken.
        var report = new JobReport { Silo = "y", Address = _agent.Address, Slot = "cpu-1", Claim = "older", Epoch = 3, Step = 9 };
        Assert.Equal("replaced by the worker on x, epoch 4", (await _grains.GetJob(job).ReportAsync(report)).StopReason);
        Assert.Equal("", (await _grains.GetJob(job).ReportAsync(report with { Silo = "x", Slot = "cpu-0", Claim = "claim", Epoch = 4 })).StopReason);
        Assert.Equal(9, (await _grains.GetJob(job).GetStatusAsync()).Step);
    }

    [Fact]
    public async Task ARunningJobLeavesForTheSlotThatIsSetAside()
    {
        var job = JobId.ForExpert("demo", 8);
        var grain = _grains.GetJob(job);
        await _grains.Scheduler().ReportAsync(new SiloStatusReport { Silo = "z", Address = _agent.Address });
        await grain.EnsureAsync(new JobOrder { Total = 100 });
        var report = new JobReport { Silo = "x", Address = _agent.Address, Slot = "cpu-0", Claim = "claim", Epoch = 4, Step = 9, Total = 100 };
        var answer = await grain.ReportAsync(report);
        Assert.Equal(("", 100), (answer.StopReason, answer.Order!.Total));
        await _grains.Scheduler().ReportAsync(new SiloStatusReport
        {
            Silo = "x",
            Address = _agent.Address,
            Slots = [new SlotStatus { Slot = "cpu-0", Job = job.Key, Epoch = 4, Claim = "claim", Order = answer.Order }, new SlotStatus { Slot = "cpu-1" }],
        });

        Assert.Equal(ParisException.NotFound, (await Assert.ThrowsAsync<ParisException>(() => grain.MigrateAsync("nowhere", ""))).Code);
        Assert.Equal(ParisException.NotFound, (await Assert.ThrowsAsync<ParisException>(() => grain.MigrateAsync("x", "cpu-9"))).Code);
        Assert.Equal(ParisException.Conflict, (await Assert.ThrowsAsync<ParisException>(() => grain.MigrateAsync("x", ""))).Code);
        var migration = await grain.MigrateAsync("x", "cpu-1");
        Assert.Equal(("x", "cpu-0", "x", "cpu-1", 4), (migration.FromSilo, migration.FromSlot, migration.ToSilo, migration.ToSlot, migration.Epoch));
        Assert.Equal("moves to x/cpu-1", (await grain.ReportAsync(report)).StopReason);
        Assert.Equal([job.Key], (await _grains.Scheduler().GetStatusAsync()).Reserved);

        _agent.Accepts = true;
        await grain.ReportAsync(report with { Ended = true, ExitCode = (int)WorkerExitCode.Stopped, StopRequested = true });
        var status = await grain.GetStatusAsync();
        Assert.Equal((JobState.Starting, "cpu-1"), (status.State, status.Slot));
    }

    [Fact]
    public async Task AGrantOnASiloWhereTheJobCannotLandIsGivenBackAndAnotherOneIsUsed()
    {
        // A silo that was there a moment ago: its address leads nowhere, so the job lands here again.
        var ghost = SiloAddress.New(IPAddress.Loopback, 9, 1).ToParsableString();
        await _grains.Scheduler().ReportAsync(new SiloStatusReport { Silo = "ghost", Address = ghost, Slots = [new SlotStatus { Slot = "cpu-0" }] });
        _agent.Accepts = true;
        var job = _grains.GetJob("demo/router");
        await job.EnsureAsync(new JobOrder());

        for (var i = 0; i < 300 && (await job.GetStatusAsync()).State != JobState.Starting; i++)
        {
            await Task.Delay(100);
            await _grains.Scheduler().ReportAsync(new SiloStatusReport { Silo = "x", Address = _agent.Address, Slots = [new SlotStatus { Slot = "cpu-0" }] });
        }

        var status = await job.GetStatusAsync();
        Assert.Equal((JobState.Starting, "x"), (status.State, status.Silo));
    }

    [Fact]
    public async Task ARefusedGrantIsGivenBackAndAskedForAgain()
    {
        await _grains.Scheduler().ReportAsync(new SiloStatusReport { Silo = "x", Address = _agent.Address, Slots = [new SlotStatus { Slot = "cpu-0", Device = "CPU" }] });
        var job = _grains.GetJob("demo/router");

        var asked = TimeProvider.System.GetTimestamp();
        var refused = await job.EnsureAsync(new JobOrder());
        Assert.Equal(JobState.Queued, refused.State);
        // One try, and at most one more for every second that the answer took.
        Assert.InRange(_agent.Starts, 1, 1 + (int)TimeProvider.System.GetElapsedTime(asked).TotalSeconds);

        // On a slow machine the next try (a second later) may hold the slot at this very moment.
        for (var i = 0; i < 100 && (await _grains.Scheduler().GetStatusAsync()).Reserved.Length > 0; i++)
        {
            await Task.Delay(20);
        }

        Assert.Empty((await _grains.Scheduler().GetStatusAsync()).Reserved);

        // The next try comes by itself.
        _agent.Accepts = true;
        for (var i = 0; i < 100 && (await job.GetStatusAsync()).State != JobState.Starting; i++)
        {
            await Task.Delay(100);
            await _grains.Scheduler().ReportAsync(new SiloStatusReport { Silo = "x", Address = _agent.Address, Slots = [new SlotStatus { Slot = "cpu-0", Device = "CPU" }] });
        }

        Assert.Equal(JobState.Starting, (await job.GetStatusAsync()).State);
    }

    private async Task CallChaosAsync()
    {
        var chaos = _grains.Chaos();
        var offer = new ChaosOffer { Silo = "x", Faults = [ChaosFault.WorkerKill], Jobs = ["demo/expert/0"] };
        var kill = new ChaosOrder { Fault = ChaosFault.WorkerKill, Silo = "x", Job = "demo/expert/0" };
        Assert.Equal(ParisException.BadInput, (await Assert.ThrowsAsync<ParisException>(() => chaos.OrderAsync(kill))).Code);
        Assert.Null(Saw(await chaos.TakeAsync(offer), "IChaosGrain.TakeAsync"));
        Assert.Equal([ChaosFault.WorkerKill], Assert.Single(Saw(await chaos.GetOffersAsync(), "IChaosGrain.GetOffersAsync")).Faults);
        await Assert.ThrowsAsync<ParisException>(() => chaos.OrderAsync(kill with { Job = "demo/expert/1" }));
        await Assert.ThrowsAsync<ParisException>(() => chaos.OrderAsync(kill with { Fault = ChaosFault.SiloKill, Job = "" }));

        // The order is answered when the silo takes it, and is given out once.
        var ordered = chaos.OrderAsync(kill);
        ChaosOrder? taken;
        while ((taken = await chaos.TakeAsync(offer)) is null)
        {
            await Task.Yield();
        }

        await ordered;
        Assert.Equal(kill, taken);
        Assert.Null(await chaos.TakeAsync(offer));
        Saw(0, "IChaosGrain.OrderAsync");
    }

    private async Task CallJobAsync(IJobGrain job, Type type)
    {
        Assert.IsAssignableFrom(type, job);
        var order = new JobOrder { Priority = 3, Submitted = DateTimeOffset.UnixEpoch, Order = 4, Total = 100 };
        Assert.Equal((JobState.Queued, 100), Of(Saw(await job.EnsureAsync(order), "IJobGrain.EnsureAsync")));
        await job.WakeAsync();
        Saw(0, "IJobGrain.WakeAsync");
        Assert.Equal(JobState.Paused, Saw(await job.PauseAsync(), "IJobGrain.PauseAsync").State);
        var report = new JobReport
        {
            Silo = "x",
            Address = _agent.Address,
            Slot = "cpu-0",
            Claim = "claim",
            Epoch = 2,
            Step = 5,
            Total = 10,
            Rate = 1.5,
            Unit = "samples",
            CommittedStep = 4,
            Preview = "p.png",
            Metrics = new() { ["loss"] = 0.5 },
            Losses = [new TracePoint(4, 0.6), new TracePoint(5, 0.5)],
            SecondsLeft = 7,
        };
        Assert.Equal("paused", Saw(await job.ReportAsync(report), "IJobGrain.ReportAsync").StopReason);
        var status = Saw(await job.GetStatusAsync(), "IJobGrain.GetStatusAsync");
        Assert.Equal(
            (JobState.Running, 5, 10, 1.5, "samples", 0.5, "x", "cpu-0", 2, "p.png", 4, 7.0),
            (status.State, status.Step, status.Total, status.Rate, status.Unit, status.Loss, status.Silo, status.Slot, status.Epoch, status.Preview, status.CommittedStep, status.SecondsLeft));
        Assert.Equal([new TracePoint(4, 0.6), new TracePoint(5, 0.5)], Saw(await job.GetTraceAsync(10), "IJobGrain.GetTraceAsync"));
        var cannot = Saw(await Assert.ThrowsAsync<ParisException>(() => job.MigrateAsync("y", "")), "IJobGrain.MigrateAsync");
        Assert.Equal(ParisException.Conflict, cannot.Code);
        await job.ReportAsync(report with { Ended = true, ExitCode = (int)WorkerExitCode.Stopped });
        Assert.Equal(JobState.Queued, Saw(await job.ResumeAsync(), "IJobGrain.ResumeAsync").State);
        Assert.Equal(JobState.Cancelled, Saw(await job.CancelAsync(), "IJobGrain.CancelAsync").State);
    }

    private static (JobState State, long Total) Of(JobStatus status) => (status.State, status.Total);

    private T Saw<T>(T result, string method)
    {
        _called.Add(method);
        return result;
    }

    /// <summary>An agent that starts nothing.</summary>
    private sealed class FakeAgent : IDeviceAgent
    {
        public string Silo => "x";

        public string Address { get; set; } = "";

        public (JobId Job, LocalWorker Worker)? Worker { get; set; }

        public bool Accepts { get; set; }

        public int Starts { get; private set; }

        public bool TryStart(string slot, JobId job, string claim, int split)
        {
            Starts++;
            return Accepts;
        }

        public LocalWorker? Find(JobId job) => Worker is { } x && x.Job == job ? x.Worker : null;

        public void RequestStop(JobId job, string reason)
        {
        }
    }
}
