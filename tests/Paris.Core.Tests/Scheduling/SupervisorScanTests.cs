using Paris.Core.Scheduling;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class SupervisorScanTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void PingsOnlyWhatIsWantedAndSilentForLongEnoughAndAgainAfterTheSameTime()
    {
        var scan = new SupervisorScan(_time, new SchedulingOptions());
        string[] wanted = ["runs", "silent"];
        HashSet<string> reported = ["runs", "nobody-wants-it"];
        Assert.Empty(scan.Scan(wanted, reported));
        _time.Advance(3.9);
        Assert.Empty(scan.Scan(wanted, reported));
        _time.Advance(0.1);
        Assert.Equal(["silent"], scan.Scan(wanted, reported));
        _time.Advance(2);
        Assert.Empty(scan.Scan(wanted, reported));
        _time.Advance(2);
        Assert.Equal(["silent"], scan.Scan(wanted, reported));
    }

    [Fact]
    public void NobodyWaitsForTheSilenceOfALostSilosJobs()
    {
        var scan = new SupervisorScan(_time, new SchedulingOptions());
        Assert.Equal(["silent"], scan.Scan(["runs", "silent"], new HashSet<string> { "runs" }, lost: true));
        _time.Advance(2);
        Assert.Empty(scan.Scan(["runs", "silent"], new HashSet<string> { "runs" }));
    }

    [Fact]
    public void AReportResetsTheSilence()
    {
        var scan = new SupervisorScan(_time, new SchedulingOptions());
        scan.Scan(["x"], new HashSet<string>());
        _time.Advance(3);
        scan.Scan(["x"], new HashSet<string> { "x" });
        _time.Advance(3);
        Assert.Empty(scan.Scan(["x"], new HashSet<string>()));
        _time.Advance(4);
        Assert.Equal(["x"], scan.Scan(["x"], new HashSet<string>()));
    }

    [Fact]
    public void AJobThatIsNoLongerWantedStartsAfresh()
    {
        var scan = new SupervisorScan(_time, new SchedulingOptions());
        scan.Scan(["x"], new HashSet<string>());
        scan.Scan([], new HashSet<string>());
        _time.Advance(60);
        Assert.Empty(scan.Scan(["x"], new HashSet<string>()));
    }
}
