using Paris.Core.Tests.Simulation;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Core.Tests.Jobs;

public sealed class JobFenceSimulationTests(ITestOutputHelper output)
{
    /// <summary>A twentieth of a second each; PARIS_SIMULATION_SEEDS asks for more.</summary>
    private static ulong Seeds => ulong.TryParse(Environment.GetEnvironmentVariable("PARIS_SIMULATION_SEEDS"), System.Globalization.CultureInfo.InvariantCulture, out var seeds) ? seeds : 60;

    /// <summary>The invariants of fencing hold whatever fails, whoever races, and whatever comes late.</summary>
    [Fact]
    public Task TheInvariantsHold() => Task.Run(() =>
    {
        var (takeOvers, commits, fallbacks, fenced, zombies) = (0, 0, 0, 0, 0);
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var simulation = Run(seed, StoreFlaw.None);
            takeOvers += simulation.TakeOvers;
            commits += simulation.Commits;
            fallbacks += simulation.Fallbacks;
            fenced += simulation.Fenced;
            zombies += simulation.Zombies;
        }

        output.WriteLine($"{takeOvers} take-overs, {commits} commits, {fallbacks} fallbacks, {fenced} workers fenced, {zombies} zombies");

        // A simulation in which nothing happens proves nothing.
        var seeds = (int)Seeds;
        Assert.True(takeOvers > 30 * seeds && commits > 150 * seeds && fallbacks > seeds && fenced > 15 * seeds && zombies > 25 * seeds, $"Too little happened in {seeds} simulations.");
    });

    /// <summary>The simulation would notice a store that breaks its promises, hence a fence that does not need them.</summary>
    [Theory]
    [InlineData(nameof(StoreFlaw.IgnoresMatch))]
    [InlineData(nameof(StoreFlaw.IgnoresAbsent))]
    public Task ABrokenStoreIsNoticed(string flaw) => Task.Run(() =>
    {
        var noticed = 0;
        for (ulong seed = 0; seed < 20; seed++)
        {
            try
            {
                Run(seed, Enum.Parse<StoreFlaw>(flaw));
            }
            catch (InvariantException exception)
            {
                output.WriteLine($"seed {seed}: {exception.Message}");
                noticed++;
            }
        }

        Assert.InRange(noticed, 15, 20);
    });

    private static JobFenceSimulation Run(ulong seed, StoreFlaw flaw)
    {
        var simulation = new JobFenceSimulation(seed, flaw);
        try
        {
            simulation.Run();
        }
        catch (Exception exception) when (exception is not InvariantException)
        {
            throw new InvalidOperationException($"The simulation of seed {seed} broke off: {exception.Message}", exception);
        }
        catch (InvariantException exception)
        {
            throw new InvariantException($"Seed {seed}: {exception.Message}");
        }

        return simulation;
    }
}
