using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Grains;
using Paris.Grains.Abstractions;
using Paris.Silo.Workers;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Silo.Tests;

/// <summary>Workers that hang, straggle or lack memory, on an in-process silo with the fake worker.</summary>
public sealed class FailureTests(ITestOutputHelper output)
{
    /// <summary>Short, but long enough that a busy machine is no hang.</summary>
    private static readonly WatchdogSettings _impatient = new() { HangAfter = TimeSpan.FromSeconds(8), HangFactor = 1, StragglerFloor = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task AHungWorkerIsKilledAndItsJobGoesOn()
    {
        using var counted = new Counters();
        await using var cluster = new ParisCluster(output, null, "--steps", "60", "--step-ms", "20", "--hang", "demo/expert/0@20") { Watchdog = _impatient };
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));

        var slow = Expert(await cluster.WaitAsync("straggles first", x => Expert(x).Message.Contains("straggling", StringComparison.Ordinal)));
        Assert.Equal((JobState.Running, 1), (slow.State, slow.Epoch));
        await cluster.WaitAsync("is killed", x => Expert(x) is { Retries: 1 } expert && (expert.Message.Contains("hung: no event for", StringComparison.Ordinal) || expert.Epoch == 2));
        var done = Expert(await cluster.WaitAsync("complete", x => x.State == RunState.Completed));
        Assert.True(done.Epoch >= 2);
        Assert.True(done.Metrics["first-step"] >= 16, $"went on from {done.Metrics["first-step"]}");
        Assert.True(counted["paris.hung"] >= 1 && counted["paris.straggling"] >= 1 && counted["paris.retries"] >= 1);
    }

    [Fact]
    public async Task AProcessThatIsStoppedBySignalCountsAsHung()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "20") { Watchdog = _impatient };
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        var running = Expert(await cluster.WaitAsync("steps", x => Expert(x).CommittedStep > 10));

        using (var signal = Process.Start("kill", ["-STOP", ((int)running.Metrics["process-id"]).ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await signal.WaitForExitAsync();
        }

        var after = Expert(await cluster.WaitAsync("runs again", x => Expert(x) is { State: JobState.Running, Epoch: >= 2 } again && again.Step > running.Step));
        Assert.True(after.Retries >= 1);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById((int)running.Metrics["process-id"]));
    }

    [Fact]
    public async Task ASlowStepIsToldAndNotPunished()
    {
        using var counted = new Counters();
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "20", "--slow-step", "demo/expert/0@40", "6000")
        {
            Watchdog = _impatient with { HangAfter = TimeSpan.FromMinutes(5) },
        };
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));

        await cluster.WaitAsync("told", x => Expert(x) is { State: JobState.Running } expert && expert.Message.StartsWith("straggling: no step for", StringComparison.Ordinal));
        var after = Expert(await cluster.WaitAsync("goes on", x => Expert(x) is { Step: > 45, Message: "" }));
        Assert.Equal((1, 0), (after.Epoch, after.Retries));
        Assert.True(counted["paris.straggling"] >= 1);
        Assert.Equal(0, counted["paris.hung"]);
    }

    [Fact]
    public async Task EachEndForWantOfMemoryDoublesTheSplitAndItStays()
    {
        await using var cluster = new ParisCluster(output, null, "--steps", "100000", "--step-ms", "20", "--needs-split", "demo/expert/1", "4");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        await cluster.StartSiloAsync("a", 2);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(2));

        var status = await cluster.WaitAsync("fits", x => Job(x, 1) is { State: JobState.Running, CommittedStep: > 10 } && Job(x, 0).CommittedStep > 10);
        Assert.Equal((2, 4.0), (Job(status, 1).Retries, Job(status, 1).Metrics["split"]));
        Assert.Equal((0, 1.0), (Job(status, 0).Retries, Job(status, 0).Metrics["split"]));

        // The retries are forgotten with the first commit, the split is not; not by a resume either.
        await cluster.Grains.GetJob("demo/expert/1").PauseAsync();
        await cluster.WaitAsync("paused", x => Job(x, 1).State == JobState.Paused);
        var record = JsonSerializer.Deserialize<JobRecord>((await cluster.Store.GetAsync(JobRecord.BlobName(JobId.ForExpert("demo", 1))))!.Bytes, JobRecord.Json)!;
        Assert.Equal((4, 0, 2), (record.Split, record.Retries.OutOfMemory, record.Retries.Total));
        await cluster.Grains.GetJob("demo/expert/1").ResumeAsync();
        await cluster.WaitAsync("runs again", x => Job(x, 1) is { State: JobState.Running } job && job.Epoch > Job(status, 1).Epoch && job.Metrics["split"] == 4);
    }

    [Fact]
    public async Task ARollbackThatAWorkerTellsIsCounted()
    {
        using var counted = new Counters();
        await using var cluster = new ParisCluster(output, null, "--steps", "6", "--rollback", "demo/expert/0@2");
        await cluster.FinishPreparationAsync();
        await cluster.FinishAsync("router");
        await cluster.StartSiloAsync("a", 1);
        await cluster.Run().SubmitAsync(ParisCluster.Spec(1));
        await cluster.WaitAsync("complete", x => x.State == RunState.Completed);
        Assert.Equal(1, counted["paris.rollbacks"]);
    }

    private static JobStatus Expert(RunStatus status) => Job(status, 0);

    private static JobStatus Job(RunStatus status, int expert) => status.Jobs.First(x => x.Key == $"demo/expert/{expert}");

    /// <summary>The sums of the counters of the meter <c>Paris</c> while it exists.</summary>
    private sealed class Counters : IDisposable
    {
        private readonly Dictionary<string, long> _sums = [];
        private readonly MeterListener _listener = new();

        public Counters()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == ParisInstruments.MeterName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
            {
                lock (_sums)
                {
                    _sums[instrument.Name] = _sums.GetValueOrDefault(instrument.Name) + value;
                }
            });
            _listener.Start();
        }

        public long this[string name]
        {
            get
            {
                lock (_sums)
                {
                    return _sums.GetValueOrDefault(name);
                }
            }
        }

        public void Dispose() => _listener.Dispose();
    }
}
