using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Paris.Core.Jobs;
using Paris.Grains;
using Paris.Silo.Devices;
using Paris.Silo.Workers;
using Xunit;

namespace Paris.Silo.Tests.Workers;

/// <summary>How the end of a process becomes the cause of a failure.</summary>
public sealed class WorkerEndTests
{
    [Theory]
    [InlineData("kill -9 $$", 1, FailureCause.OutOfMemory)]
    [InlineData("kill -9 $$", 0, FailureCause.Crash)]
    [InlineData("exit 1", 1, FailureCause.Crash)]
    [InlineData("echo \"terminate called after throwing an instance of 'std::bad_alloc'\" >&2; for i in 1 2 3 4 5 6 7; do echo \"frame $i\" >&2; done; exit 134", 0, FailureCause.OutOfMemory)]
    [InlineData("for i in 1 2 3 4 5 6 7; do echo \"frame $i\" >&2; done; exit 139", 0, FailureCause.Crash)]
    public async Task Want_of_memory_is_told_from_other_ends(string script, int kills, FailureCause cause)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var looks = 0;
        var worker = new WorkerProcess(
            new SlotDefinition("cpu-0", "CPU", new Dictionary<string, string>()),
            JobId.ForExpert("demo", 0),
            "c1",
            "a",
            new WatchdogSettings(),
            new ParisInstruments(services.GetRequiredService<IMeterFactory>()),
            TimeProvider.System,
            NullLogger.Instance,
            () => looks++ == 0 ? 7 : 7 + kills);
        worker.Start(["sh", "-c", script], new StartCommand(WorkerProtocol.Version, worker.Job, "nowhere", "a", "c1", 1));
        await worker.Ended.WaitAsync(TimeSpan.FromMinutes(1));
        var report = worker.Report("", out _);
        Assert.Equal(cause, new WorkerExit(report.ExitCode, report.Message, report.MemoryKill).Cause);
    }
}
