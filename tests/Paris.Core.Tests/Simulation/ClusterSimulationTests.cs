using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Core.Tests.Simulation;

/// <summary>
/// The control plane keeps its promises whatever fails. <c>PARIS_SEEDS=100000</c> tries that many seeds, <c>PARIS_SEEDS=1234:1</c> replays
/// seed 1234 (docs/simulation.md).
/// </summary>
public sealed class ClusterSimulationTests(ITestOutputHelper output)
{
    private const int DefaultSeeds = 2000;

    [Fact]
    public void TheInvariantsHoldAndEveryJobCompletes()
    {
        var (first, count) = Seeds();
        var gate = new Lock();
        List<(int Events, int Faults, int Started, int TakeOvers, int Commits, int Fallbacks, int Fenced, int Duplicates, double Seconds, double Recovery)> done = [];
        ForEach(first, count, seed =>
        {
            var simulation = new ClusterSimulation(seed);
            simulation.Run();
            lock (gate)
            {
                // The numbers alone: many seeds must not fill the memory.
                done.Add((
                    simulation.Events, simulation.Faults, simulation.Started, simulation.TakeOvers, simulation.Commits, simulation.Fallbacks,
                    simulation.Fenced, simulation.Duplicates, simulation.Seconds, simulation.Recovery));
            }
        });

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} seeds: {done.Sum(x => (long)x.Events)} events, {done.Sum(x => x.Faults)} faults, {done.Sum(x => x.Started)} workers, {done.Sum(x => x.TakeOvers)} take-overs, {done.Sum(x => x.Commits)} commits, "
            + $"{done.Sum(x => x.Fallbacks)} fallbacks, {done.Sum(x => x.Fenced)} fenced, {done.Sum(x => x.Duplicates)} duplicated grains; complete after {done.Max(x => x.Seconds):0} s at most, {done.Max(x => x.Recovery):0} s after the faults"));
        if (count >= 100)
        {
            // A simulation in which nothing happens proves nothing.
            Assert.True(done.Sum(x => x.Faults) > 15 * count, "too few faults");
            Assert.True(done.Sum(x => x.TakeOvers) > 10 * count, "too few take-overs");
            Assert.True(done.Sum(x => x.Commits) > 30 * count, "too few commits");
            Assert.True(done.Sum(x => x.Fenced) > count / 50, "too few fenced workers");
            Assert.True(done.Sum(x => x.Fallbacks) > count / 10, "too few fallbacks");
            Assert.True(done.Sum(x => x.Duplicates) > count, "too few duplicated grains");
        }
    }

    [Fact]
    public void ASeedReplaysExactly()
    {
        ForEach(1, 20, seed =>
        {
            var (first, second) = (new ClusterSimulation(seed), new ClusterSimulation(seed));
            first.Run();
            second.Run();
            Assert.Equal((first.Events, first.Fingerprint), (second.Events, second.Fingerprint));
        });
    }

    /// <summary>The checks can fail: each broken fence is caught, and with the seed and the log in its message.</summary>
    [Theory]
    [InlineData(nameof(FenceFlaw.NoEpochCheck))]
    [InlineData(nameof(FenceFlaw.ClaimNotCompared))]
    [InlineData(nameof(FenceFlaw.HeadBeforeBlob))]
    [InlineData(nameof(FenceFlaw.BlindRetry))]
    public void ABrokenFenceIsCaughtWithinTwoHundredSeeds(string flaw)
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            try
            {
                new ClusterSimulation(seed, Enum.Parse<FenceFlaw>(flaw)).Run();
            }
            catch (InvariantException exception)
            {
                output.WriteLine(exception.Message[..Math.Min(exception.Message.Length, 400)]);
                Assert.StartsWith($"Seed {seed} with {flaw} after ", exception.Message, StringComparison.Ordinal);
                return;
            }
        }

        Assert.Fail($"200 seeds with {flaw} passed every check.");
    }

    /// <summary>Every seed on its own thread, whole; threads share nothing.</summary>
    private static void ForEach(ulong first, int count, Action<ulong> run)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i => run(first + (ulong)i));
        }
        catch (AggregateException exception)
        {
            throw exception.InnerExceptions[0];
        }
    }

    private static (ulong First, int Count) Seeds()
    {
        var text = Environment.GetEnvironmentVariable("PARIS_SEEDS");
        if (string.IsNullOrEmpty(text))
        {
            return (0, DefaultSeeds);
        }

        var parts = text.Split(':');
        return parts.Length <= 2
            && ulong.TryParse(parts[0], CultureInfo.InvariantCulture, out var a)
            && (parts.Length == 1 || int.TryParse(parts[1], CultureInfo.InvariantCulture, out _))
            ? parts.Length == 1 ? (0, (int)a) : (a, int.Parse(parts[1], CultureInfo.InvariantCulture))
            : throw new ParisInputException($"PARIS_SEEDS is '{text}'; write a count such as 10000, or FIRST:COUNT such as 1234:1.");
    }
}
