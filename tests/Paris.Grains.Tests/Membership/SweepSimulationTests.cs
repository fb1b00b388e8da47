using Orleans.Runtime;
using Paris.Core.Random;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Grains.Tests.Membership;

/// <summary>The sweep with the real table, in virtual time: whom it must take, and whom never. Many phases of the silos' timers.</summary>
public sealed class SweepSimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 60;

    /// <summary>An outage of the store leaves every heartbeat old; a naive sweep killed two healthy silos of three after it.</summary>
    [Theory]
    [InlineData(42)]
    [InlineData(45)]
    [InlineData(200)]
    public Task AnOutageKillsNobody(int seconds) => ForEachSeedAsync(seed =>
    {
        var (time, store, silos) = Cluster(seed, 3);
        time.RunUntil(Minutes(1));
        for (var outage = 0; outage < 3; outage++)
        {
            store.BeginOutage(TimeSpan.FromSeconds(seconds));
            time.RunUntil(time.Elapsed + TimeSpan.FromSeconds(seconds) + Minutes(3));
        }

        Assert.All(silos, x => Assert.Equal((true, false, SiloStatus.Active), (x.IsUp, x.WasKilled, x.Status)));
        return Task.CompletedTask;
    });

    /// <summary>An outage from one silo's network only: that silo is not heard, and must go; the others stay.</summary>
    [Fact]
    public Task WhoseHeartbeatsFailSweepsNobodyAndIsSwept() => ForEachSeedAsync(async seed =>
    {
        var time = new SimulatedTime();
        var shared = new MemoryBlobStore(time);
        var cut = new FaultyBlobStore(shared, seed, new(), time);
        var silos = new List<SimulatedSilo>();
        foreach (var number in Enumerable.Range(1, 3))
        {
            new SimulatedSilo(time, number == 3 ? cut : shared, silos, number, seed).Start();
        }

        time.RunUntil(Minutes(1));
        cut.BeginOutage(Minutes(60));
        time.RunUntil(time.Elapsed + TimeSpan.FromSeconds(60));
        Assert.Equal(1, await silos[0].DeadRowsAsync());
        time.RunUntil(time.Elapsed + Minutes(2));
        Assert.All(silos.Take(2), x => Assert.Equal((true, SiloStatus.Active), (x.IsUp, x.Status)));
        Assert.Equal(1, await silos[0].DeadRowsAsync());
    });

    /// <summary>Kubernetes replaces all pods: every row is of a silo that is gone, and no new address can reach one.</summary>
    [Fact]
    public async Task AllSilosOnNewAddressesJoin()
    {
        var slowest = TimeSpan.Zero;
        await ForEachSeedAsync(async seed =>
        {
            var (time, store, silos) = Cluster(seed, 3);
            time.RunUntil(Minutes(1));
            silos.ForEach(x => x.Crash());
            var crash = time.Elapsed;
            var random = new PhiloxKey(seed, RandomPurpose.Simulation).Stream();
            foreach (var number in Enumerable.Range(11, 3))
            {
                time.RunUntil(time.Elapsed + TimeSpan.FromSeconds(random.NextDouble()));
                new SimulatedSilo(time, store, silos, number, seed).Start();
            }

            time.RunUntil(crash + Minutes(2));
            Assert.All(silos.Skip(3), x => Assert.Equal((true, SiloStatus.Active), (x.IsUp, x.Status)));
            Assert.Equal(3, await silos[3].DeadRowsAsync());
            slowest = new[] { slowest, silos.Skip(3).Max(x => x.Active!.Value) - crash }.Max();
        });
        output.WriteLine($"slowest of {Seeds}: {slowest.TotalSeconds:0.0} s");
        Assert.True(slowest < TimeSpan.FromSeconds(30), $"{slowest}");
    }

    /// <summary>Two of three: one is left to say so.</summary>
    [Fact]
    public Task TwoOfThreeThatAreGoneAreSwept() => ForEachSeedAsync(async seed =>
    {
        var (time, _, silos) = Cluster(seed, 3);
        time.RunUntil(Minutes(1));
        silos[0].Crash();
        silos[2].Crash();
        time.RunUntil(time.Elapsed + TimeSpan.FromSeconds(45));
        Assert.Equal((true, 2), (silos[1].IsUp, await silos[1].DeadRowsAsync()));
    });

    /// <summary>The rule uses the server's clock and durations only.</summary>
    [Fact]
    public Task WallClocksThatDifferByHoursKillNobody() => ForEachSeedAsync(seed =>
    {
        var time = new SimulatedTime();
        var store = new MemoryBlobStore(time);
        var silos = new List<SimulatedSilo>();
        foreach (var number in Enumerable.Range(1, 3))
        {
            new SimulatedSilo(time, store, silos, number, seed, new Skewed(time, TimeSpan.FromHours(number - 2))).Start();
        }

        time.RunUntil(Minutes(10));
        Assert.All(silos, x => Assert.Equal((true, SiloStatus.Active), (x.IsUp, x.Status)));
        return Task.CompletedTask;
    });

    /// <summary>A silo that joins slowly is heard all the while, though Orleans beats only from Active on.</summary>
    [Fact]
    public Task WhoJoinsOrDrainsIsHeard() => ForEachSeedAsync(async seed =>
    {
        var (time, store, silos) = Cluster(seed, 2);
        time.RunUntil(Minutes(1));
        using var joining = new TestTable(store, MembershipContract.Address(9), time);
        await MembershipContract.InsertAsync(joining, MembershipContract.Entry(9));
        time.RunUntil(Minutes(2.9));
        Assert.Equal(0, await silos[0].DeadRowsAsync());

        // Two minutes after the last call of its runtime nobody keeps it in the table any more.
        time.RunUntil(Minutes(5));
        Assert.Equal(1, await silos[0].DeadRowsAsync());
    });

    private static (SimulatedTime Time, FaultyBlobStore Store, List<SimulatedSilo> Silos) Cluster(ulong seed, int count)
    {
        var time = new SimulatedTime();
        var store = new FaultyBlobStore(new MemoryBlobStore(time), seed, new(), time);
        var silos = new List<SimulatedSilo>();
        foreach (var number in Enumerable.Range(1, count))
        {
            new SimulatedSilo(time, store, silos, number, seed).Start();
        }

        time.RunUntil(TimeSpan.FromSeconds(30));
        Assert.All(silos, x => Assert.Equal(SiloStatus.Active, x.Status));
        return (time, store, silos);
    }

    /// <summary>Outside the test's synchronization context, where a continuation runs as part of what completes its task.</summary>
    private static Task ForEachSeedAsync(Func<ulong, Task> run) => Task.Run(async () =>
    {
        for (var seed = 1ul; seed <= Seeds; seed++)
        {
            try
            {
                await run(seed).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Seed {seed}: {exception.Message}", exception);
            }
        }
    });

    private static TimeSpan Minutes(double count) => TimeSpan.FromMinutes(count);

    private sealed class Skewed(TimeProvider time, TimeSpan by) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + by;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
    }
}
