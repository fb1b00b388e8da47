using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class JobMachineTests
{
    private static readonly JobId Job = JobId.ForExpert("demo", 3);

    private readonly ManualTime _time = new();
    private readonly MemoryBlobStore _store = new();
    private readonly FakeAgent _agent = new();
    private readonly FakeHost _host = new();
    private int _claims;

    [Fact]
    public async Task AnOrderedJobAsksForASlotAndWaitsInTheQueue()
    {
        var machine = Machine();
        _host.Decision = new ReserveDecision { Position = 4, Message = "waits" };

        await machine.OrderAsync(2, DateTimeOffset.UnixEpoch, 7, 100);

        Assert.Equal((2, 7, 100L), (machine.Record!.Priority, machine.Record.Place, machine.Record.Total));
        Assert.Equal((4, "waits", JobOutcome.Open), (machine.Position, machine.Message, machine.Outcome));
        Assert.Equal(machine.Record, await ReadRecordAsync());
        Assert.Equal(["reserve"], _host.Did);
    }

    [Fact]
    public async Task AnUnorderedJobDoesNothing()
    {
        var machine = Machine();

        await machine.WakeAsync();

        Assert.Empty(_host.Did);
        Assert.Null(machine.Record);
    }

    [Fact]
    public async Task AGrantOnItsOwnSiloStartsAWorkerWithANewClaim()
    {
        var machine = await GrantedAsync("here");

        Assert.Equal(("cpu-0", "claim-1"), (machine.Worker!.Slot, machine.Worker.Claim));
        Assert.Equal(["start cpu-0 claim-1"], _agent.Did);
    }

    [Fact]
    public async Task ASlotThatRefusesIsGivenBackAndAskedForAgainLater()
    {
        _agent.Refuses = true;

        var machine = await GrantedAsync("here");

        Assert.Null(machine.Worker);
        Assert.Equal(["reserve", "note Refused", "release r-1", "step after 1"], _host.Did);
    }

    [Fact]
    public async Task AGrantElsewhereMovesTheJobOnceAndIsGivenBackWhenTheMoveFailed()
    {
        var machine = await GrantedAsync("there");
        Assert.Equal("r-1", machine.MovingFor);
        Assert.Equal(["reserve", "note Moves", "move to there", "step after 1"], _host.Did);

        // The instance that took its place found itself on the same silo.
        _host.Did.Clear();
        var next = Machine();
        next.MovingFor = machine.MovingFor;
        await next.WakeAsync();

        Assert.Equal(["reserve", "release r-1", "step after 1"], _host.Did);
        Assert.Equal("", next.MovingFor);
    }

    [Fact]
    public async Task AJobThatLeavesAsksItsWorkerToStopAndGoesOnWhereItIsSent()
    {
        var machine = await GrantedAsync("here");
        var report = new WorkerReport("here", "here", "cpu-0", "claim-1", 1) { Step = 5, Total = 100 };
        Assert.Equal("", (await machine.ReportAsync(report)).StopReason);

        machine.Leave(new Reservation("r-2", Job.Key, "there", "there", "gpu-0"));

        Assert.Equal("stop moves to there/gpu-0", _agent.Did[^1]);
        Assert.Equal("moves to there/gpu-0", (await machine.ReportAsync(report)).StopReason);
        Assert.Equal("moves to there/gpu-0: commits and stops", machine.Message);
        _host.Decision = new ReserveDecision { Granted = new Reservation("r-2", Job.Key, "there", "there", "gpu-0") };
        await machine.ReportAsync(report with { CommittedStep = 7, Step = 7, Ended = true, ExitCode = (int)WorkerExitCode.Stopped, StopRequested = true });
        Assert.Contains("move to there", _host.Did);
        Assert.Equal((7, 0), (machine.Committed, machine.Record!.Retries.Total));

        // The next worker, wherever it is, is not told to leave.
        Assert.Equal("", (await machine.ReportAsync(report with { Claim = "claim-2", Epoch = 2 })).StopReason);
    }

    [Fact]
    public async Task AnOrderSaysWhatTheJobNeedsAndWhatIsLeftOfIt()
    {
        var machine = Machine();
        var demand = new JobDemand(new ResourceNeeds(5, "H100", 9), "s", 6400, 64);
        await machine.OrderAsync(2, DateTimeOffset.UnixEpoch, 7, 100, 3, demand);

        Assert.Equal(machine.Record, await ReadRecordAsync());
        var order = machine.Record!.InQueue(Job, 40);
        Assert.Equal((2, 7, Job.Key, 3.0, demand with { Samples = 60 * 64 }), (order.Priority, order.Place, order.Job, order.Share, order.Demand));
    }

    [Fact]
    public async Task ARunningWorkerIsAttachedToWhereverItIsReported()
    {
        var machine = Machine();
        _host.Decision = new ReserveDecision { Running = (new SiloReport("far", "far-address", []), new SlotReport("gpu-1", "", Job.Key, 5, "c5")) };
        await machine.OrderAsync(0, DateTimeOffset.UnixEpoch, 0, 0);

        Assert.Equal(("far", "c5", 5), (machine.Worker!.Silo, machine.Worker.Claim, machine.Worker.Epoch));
        Assert.Equal(5, machine.Epoch);
    }

    [Fact]
    public async Task AWorkerOnItsOwnSiloIsAttachedToWithoutAskingAnybody()
    {
        _agent.Found = new LocalWorker("cpu-1", "c2", 2);
        var machine = Machine();
        await machine.OrderAsync(0, DateTimeOffset.UnixEpoch, 0, 0);

        Assert.Equal("c2", machine.Worker!.Claim);
        Assert.DoesNotContain("reserve", _host.Did);
    }

    [Fact]
    public async Task ASilentWorkerIsGivenUpAfterSevenSecondsAndNotBefore()
    {
        var machine = await GrantedAsync("here");
        _host.Did.Clear();
        _host.Decision = new ReserveDecision { Position = 1 };

        _time.Advance(6.9);
        await machine.WakeAsync();
        Assert.NotNull(machine.Worker);
        Assert.Empty(_host.Did);

        _time.Advance(0.2);
        await machine.WakeAsync();
        Assert.Null(machine.Worker);
        Assert.Equal(["note Silent", "reserve"], _host.Did);
    }

    [Fact]
    public async Task TheWorkerOfADeadSiloIsGivenUpAtOnce()
    {
        var machine = await GrantedAsync("here");
        _host.Did.Clear();
        _host.Decision = new ReserveDecision { Position = 1 };
        _host.Dead = machine.Worker!.Address;

        await machine.WakeAsync();

        Assert.Null(machine.Worker);
        Assert.Equal(["note Silent", "reserve"], _host.Did);
    }

    [Fact]
    public async Task ACrashIsRetriedAfterItsDelayAndProgressMakesTheBudgetWhole()
    {
        var machine = await GrantedAsync("here");
        await machine.ReportAsync(Report("claim-1", 1) with { Ended = true, ExitCode = 134, Message = "abort" });

        Assert.Equal(1, machine.Record!.Retries.Crash);
        Assert.Null(machine.Worker);
        var asked = _host.Did.Count(x => x == "reserve");
        await machine.WakeAsync();
        Assert.Equal(asked, _host.Did.Count(x => x == "reserve"));

        _time.Advance(2);
        await machine.WakeAsync();
        Assert.Equal("claim-2", machine.Worker!.Claim);
        await machine.ReportAsync(Report("claim-2", 2) with { CommittedStep = 50 });
        Assert.Equal((0, 1), (machine.Record.Retries.Crash, machine.Record.Retries.Total));
    }

    /// <summary>Found by the simulation: the telling of an end that the store did not let happen must not be the only one that counts.</summary>
    [Fact]
    public async Task AnEndThatCouldNotBeWrittenDownCountsWhenItIsToldAgainAndOnlyOnce()
    {
        var machine = await GrantedAsync("here");
        var end = Report("claim-1", 1) with { Ended = true, ExitCode = (int)WorkerExitCode.OutOfMemory, Message = "no memory" };
        var lose = true;
        _store.Turn = () => Task.CompletedTask;
        _host.OnNote = moment => _store.Turn = moment == JobMoment.Retries && lose ? () => throw new StorageFaultException("out") : () => Task.CompletedTask;
        await Assert.ThrowsAsync<StorageFaultException>(() => machine.ReportAsync(end));
        Assert.Equal(0, machine.Record!.Retries.OutOfMemory);

        lose = false;
        await machine.ReportAsync(end);
        Assert.Equal((1, 2), (machine.Record.Retries.OutOfMemory, machine.Record.Split));
        await machine.ReportAsync(end);
        Assert.Equal((1, 2), (machine.Record.Retries.OutOfMemory, machine.Record.Split));
    }

    [Fact]
    public async Task SpentRetriesFailTheJobAndTellTheRun()
    {
        var machine = Machine(new RetryBudgetOptions { Crash = new RetryAllowance(0, TimeSpan.Zero, TimeSpan.Zero) });
        await GrantAsync(machine, "here");
        await machine.ReportAsync(Report("claim-1", 1) with { Ended = true, ExitCode = 1, Message = "boom" });

        Assert.Equal(JobOutcome.Failed, machine.Outcome);
        Assert.EndsWith("boom", machine.Record!.Failure, StringComparison.Ordinal);
        Assert.Equal("tell run", _host.Did[^1]);
    }

    [Fact]
    public async Task BadInputFailsAtOnceAndResumeForgetsIt()
    {
        var machine = await GrantedAsync("here");
        await machine.ReportAsync(Report("claim-1", 1) with { Ended = true, ExitCode = (int)WorkerExitCode.BadInput, Message = "no images" });
        Assert.Equal((JobOutcome.Failed, true, 0), (machine.Outcome, machine.Record!.BadInput, machine.Record.Retries.Total));

        await machine.ResumeAsync();
        Assert.Equal(JobOutcome.Open, machine.Outcome);
        Assert.Equal("claim-2", machine.Worker!.Claim);
    }

    [Fact]
    public async Task AFencedWorkerChargesNothing()
    {
        var machine = await GrantedAsync("here");
        await machine.ReportAsync(Report("claim-1", 1) with { Ended = true, ExitCode = (int)WorkerExitCode.Fenced });

        Assert.Equal(0, machine.Record!.Retries.Total);
        Assert.Equal("step after 5", _host.Did[^1]);
    }

    [Fact]
    public async Task ACompletedWorkerCountsOnlyWithItsResultInTheHead()
    {
        var machine = await GrantedAsync("here");
        await machine.ReportAsync(Report("claim-1", 1) with { Ended = true, ExitCode = 0 });
        Assert.Equal((JobOutcome.Open, 1), (machine.Outcome, machine.Record!.Retries.Crash));

        var fence = await JobFence.TakeOverAsync(_store, Job, "here", "claim-2", "start");
        await fence.CommitResultAsync(new JobResult { Job = Job });
        _time.Advance(2);
        await machine.WakeAsync();
        await machine.ReportAsync(Report("claim-2", 1) with { Ended = true, ExitCode = 0 });
        Assert.Equal(JobOutcome.Done, machine.Outcome);
        Assert.Equal("tell run", _host.Did[^1]);
        Assert.Equal(JobOutcome.Done, await LoadedOutcomeAsync());
    }

    [Fact]
    public async Task WantOfMemoryDoublesTheSplitAndNothingElseDoes()
    {
        var machine = await GrantedAsync("here");
        await EndAsync("claim-1", (int)WorkerExitCode.OutOfMemory);
        await EndAsync("claim-2", 1);

        // The kernel's kill counts as well.
        await EndAsync("claim-3", 137, memoryKill: true);
        Assert.Equal(["start cpu-0 claim-1", "start cpu-0 claim-2 in 2 parts", "start cpu-0 claim-3 in 2 parts", "start cpu-0 claim-4 in 4 parts"], _agent.Did);
        Assert.Equal(4, (await ReadRecordAsync())!.Split);

        // Progress makes the budgets whole, a person may resume: the split stays, in this instance and in the next.
        await machine.ReportAsync(Report("claim-4", 4) with { CommittedStep = 20 });
        await machine.ResumeAsync();
        Assert.Equal((4, 0), (machine.Record!.Split, machine.Record.Retries.OutOfMemory));
        var next = Machine();
        await next.ReadyAsync();
        Assert.Equal(4, next.Record!.Split);

        async Task EndAsync(string claim, int code, bool memoryKill = false)
        {
            await machine.ReportAsync(Report(claim, 1) with { Ended = true, ExitCode = code, MemoryKill = memoryKill });
            Assert.Equal(code != 1, machine.Message.Contains($"every batch in {machine.Record!.Split} times as many parts", StringComparison.Ordinal));
            _time.Advance(10);
            await machine.WakeAsync();
        }
    }

    [Fact]
    public async Task AStragglingWorkerSaysSoWhileItDoes()
    {
        var machine = await GrantedAsync("here");
        await machine.ReportAsync(Report("claim-1", 1) with { Straggling = "straggling: no step for 42 s, usually 2 s" });
        Assert.Equal("straggling: no step for 42 s, usually 2 s", machine.Message);
        await machine.ReportAsync(Report("claim-1", 1));
        Assert.Equal("", machine.Message);
    }

    [Fact]
    public async Task AReplacedWorkerIsToldToStopAndANewerOneIsTaken()
    {
        var machine = await GrantedAsync("here");
        await machine.ReportAsync(Report("claim-1", 4));

        var old = await machine.ReportAsync(Report("old", 3));
        Assert.False(old.Taken);
        Assert.StartsWith("replaced by the worker on here", old.StopReason, StringComparison.Ordinal);

        var newer = await machine.ReportAsync(Report("newer", 5));
        Assert.True(newer.Taken);
        Assert.Equal("newer", machine.Worker!.Claim);
    }

    [Fact]
    public async Task APausedJobStopsItsWorkerAndStartsNothing()
    {
        var machine = await GrantedAsync("here");
        await machine.StopAsync(RunWish.Pause, "paused");
        Assert.Equal("stop paused", _agent.Did[^1]);
        Assert.Equal("paused", (await machine.ReportAsync(Report("claim-1", 1))).StopReason);

        await machine.ReportAsync(Report("claim-1", 1) with { Ended = true, ExitCode = (int)WorkerExitCode.Stopped });
        Assert.Equal(JobOutcome.SetAside, machine.Outcome);
        _host.Did.Clear();
        await machine.WakeAsync();
        Assert.Empty(_host.Did);
    }

    [Fact]
    public async Task AWaitingJobThatIsCancelledGivesItsPlaceBack()
    {
        var machine = Machine();
        await machine.OrderAsync(0, DateTimeOffset.UnixEpoch, 0, 0);
        await machine.StopAsync(RunWish.Cancel, "cancelled");

        Assert.Equal(["reserve", "release ", "tell run"], _host.Did);
        Assert.Equal(RunWish.Cancel, (await ReadRecordAsync())!.Wish);
    }

    private JobMachine Machine(RetryBudgetOptions? retries = null)
        => new(Job, _store, _agent, _host, retries ?? new(), _time, () => $"claim-{++_claims}");

    private async Task<JobMachine> GrantedAsync(string silo)
    {
        var machine = Machine();
        await GrantAsync(machine, silo);
        return machine;
    }

    private async Task GrantAsync(JobMachine machine, string silo)
    {
        _host.Decision = new ReserveDecision { Granted = new Reservation("r-1", Job.Key, silo, silo, "cpu-0") };
        await machine.OrderAsync(0, DateTimeOffset.UnixEpoch, 0, 100);
    }

    private static WorkerReport Report(string claim, int epoch) => new("here", "here", "cpu-0", claim, epoch) { Step = 10, Total = 100 };

    private async Task<JobRecord?> ReadRecordAsync()
        => await _store.GetAsync(JobRecord.BlobName(Job)) is { } blob ? JsonSerializer.Deserialize<JobRecord>(blob.Bytes, JobRecord.Json) : null;

    private async Task<JobOutcome> LoadedOutcomeAsync()
    {
        var machine = Machine();
        await machine.ReadyAsync();
        return machine.Outcome;
    }

    private sealed class FakeAgent : IDeviceAgent
    {
        public string Silo => "here";

        public string Address => "here";

        public bool Refuses { get; set; }

        public LocalWorker? Found { get; set; }

        public List<string> Did { get; } = [];

        public bool TryStart(string slot, JobId job, string claim, int split)
        {
            Did.Add($"start {slot} {claim}" + (split > 1 ? $" in {split} parts" : ""));
            return !Refuses;
        }

        public LocalWorker? Find(JobId job) => Found;

        public void RequestStop(JobId job, string reason) => Did.Add($"stop {reason}");
    }

    private sealed class FakeHost : IJobHost
    {
        public ReserveDecision Decision { get; set; } = new() { Position = 1 };

        public List<string> Did { get; } = [];

        public Task<ReserveDecision> ReserveAsync(JobRecord record, string endedClaim)
        {
            Did.Add("reserve");
            return Task.FromResult(Decision);
        }

        public Task ReleaseAsync(string reservation)
        {
            Did.Add($"release {reservation}");
            return Task.CompletedTask;
        }

        public void MoveTo(string address) => Did.Add($"move to {address}");

        public void StepAgainAfter(TimeSpan delay) => Did.Add(FormattableString.Invariant($"step after {delay.TotalSeconds:0}"));

        public void TellRun() => Did.Add("tell run");

        public string Dead { get; set; } = "";

        public bool IsDead(string address) => address == Dead;

        public Action<JobMoment> OnNote { get; set; } = _ => { };

        public void Note(JobNote note)
        {
            OnNote(note.Moment);
            if (note.Moment is JobMoment.Refused or JobMoment.Moves or JobMoment.Silent)
            {
                Did.Add($"note {note.Moment}");
            }
        }
    }
}
