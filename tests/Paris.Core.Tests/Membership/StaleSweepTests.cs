using Paris.Core.Membership;
using Paris.Core.Tests.Scheduling;
using Xunit;

namespace Paris.Core.Tests.Membership;

public sealed class StaleSweepTests
{
    private readonly ManualTime _time = new();
    private readonly StaleSweep _sweep;
    private readonly DateTimeOffset _server = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Dictionary<string, Heartbeat> _blobs = [];
    private double _now;

    public StaleSweepTests() => _sweep = new StaleSweep(new BlobClusteringOptions(), _time);

    [Fact]
    public void ASiloThatIsGoneIsSweptAfterFifteenSeconds()
    {
        Beat("me", "gone");
        var swept = new List<double>();
        for (var i = 0; i < 12; i++)
        {
            Advance(2);
            Beat("me");
            if (Read().Contains("gone"))
            {
                swept.Add(_now);
            }
        }

        Assert.Equal([16, 18, 20, 22, 24], swept);
    }

    [Fact]
    public void OldHeartbeatsAloneProveNothing()
    {
        // They were old before this silo looked: it has to see for itself that they stand still.
        Beat("gone");
        Advance(3600);
        Beat("me");
        Assert.Empty(Read());
        Advance(4);
        Beat("me");
        Assert.Empty(Read());
        Advance(4);
        Beat("me");
        Assert.Empty(Read());
        Advance(4);
        Beat("me");
        Assert.Equal(["gone"], Read());
    }

    [Fact]
    public void TwoReadsAreNotEnough()
    {
        Beat("gone");
        Advance(100);
        Read();
        Advance(14);
        Beat("me");
        Assert.Empty(Read());
        Advance(1);
        Assert.Equal(["gone"], Read());
    }

    [Fact]
    public void AFailedCallBetweenBeginsAnew()
    {
        Beat("gone");
        Advance(100);
        for (var i = 0; i < 20; i++)
        {
            Advance(3);
            Beat("me");
            Assert.Empty(Read());
            if (i % 3 == 0)
            {
                _sweep.StorageFailed();
            }
        }
    }

    [Fact]
    public void AHeartbeatInBetweenBeginsAnew()
    {
        Beat("slow");
        Advance(100);
        for (var i = 0; i < 20; i++)
        {
            Advance(3);
            Beat("me");
            if (i % 3 == 0)
            {
                Beat("slow");
            }

            Assert.Empty(Read());
        }
    }

    [Fact]
    public void WhoIsNotHeardHimselfSweepsNobody()
    {
        Beat("me", "gone");
        for (var i = 0; i < 30; i++)
        {
            Advance(2);
            Assert.Empty(Read());
        }

        // Not even without a heartbeat blob at all, or as no member.
        Assert.Empty(_sweep.Judge("stranger", Server));
        _blobs["me"] = new Heartbeat("me", null, default);
        for (var i = 0; i < 30; i++)
        {
            Advance(2);
            Assert.Empty(Read());
        }
    }

    [Fact]
    public void NobodySweepsHimself()
    {
        // His own heartbeat stands still between the reads, yet it is the freshest there is.
        Beat("me", "gone");
        Advance(6);
        Read();
        Advance(6);
        Beat("me");
        Read();
        Advance(2);
        Read();
        Advance(2);
        Assert.Equal(["gone"], Read());
    }

    [Fact]
    public void ASweeperThatDidNotLookForLongBeginsAnew()
    {
        Beat("gone");
        Advance(100);
        Read();
        Advance(5);
        Read();

        // Its process was stopped, or a call hung: what others did meanwhile it does not know.
        Advance(60);
        Beat("me");
        Assert.Empty(Read());
    }

    [Fact]
    public void ARowWithoutAHeartbeatBlobIsGivenTheSameTime()
    {
        _blobs["gone"] = new Heartbeat("gone", null, default);
        var swept = 0.0;
        while (swept == 0)
        {
            Beat("me");
            swept = Read().Count > 0 ? _now : 0;
            Advance(2);
        }

        Assert.Equal(16, swept);
    }

    [Theory]
    [InlineData(-86400)]
    [InlineData(86400)]
    public void TheWallClockOfTheSweeperDoesNotMatter(double skew)
    {
        // The rule sees the server's times and this machine's durations, so there is nothing for a skew to enter but the clock of the latter.
        _time.Advance(86400 + skew);
        ASiloThatIsGoneIsSweptAfterFifteenSeconds();
    }

    [Theory]
    [InlineData(9, 10, 3)]
    [InlineData(15, 9, 3)]
    [InlineData(15, 10, 1)]
    public void OptionsThatWouldSweepTheHealthyAreRefused(double stale, double unchanged, int reads)
        => Assert.Throws<ParisInputException>(() => new BlobClusteringOptions
        {
            StaleAfter = TimeSpan.FromSeconds(stale),
            UnchangedFor = TimeSpan.FromSeconds(unchanged),
            UnchangedReads = reads,
        }.Validate());

    private DateTimeOffset Server => _server.AddSeconds(_now);

    private void Advance(double seconds)
    {
        _now += seconds;
        _time.Advance(seconds);
    }

    private void Beat(params string[] silos)
    {
        foreach (var silo in silos)
        {
            _blobs[silo] = new Heartbeat(silo, $"{_now}", Server);
        }
    }

    private IReadOnlyList<string> Read()
    {
        var suspicious = _sweep.Observe(_blobs.Values);
        var stale = _sweep.Judge("me", Server);
        Assert.True(suspicious || stale.Count == 0, "the server is asked for the time before anybody is swept");
        return stale;
    }
}
