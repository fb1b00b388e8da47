using Paris.Gateway.Api;
using Paris.Gateway.Runs;
using Paris.Grains.Abstractions;

namespace Paris.Gateway.Tests.Runs;

/// <summary>A cluster that changes rejects calls for a moment: the gateway calls again before it says so.</summary>
public sealed class GrainCallTests
{
    [Fact]
    public async Task ARejectedCallIsRepeated()
    {
        var calls = 0;
        Assert.Equal(3, await GrainRunService.Ask(() => ++calls < 3 ? Task.FromException<int>(new Orleans.Runtime.SiloUnavailableException("gone")) : Task.FromResult(calls), default));
    }

    [Fact]
    public async Task UnknownGrainsAreAskedForAgainAndThenUnavailable()
    {
        var calls = 0;
        Assert.Equal(2, await GrainRunService.Ask(() => ++calls < 2 ? throw new ArgumentException("no implementation") : Task.FromResult(calls), default));
        var error = await Assert.ThrowsAsync<ApiException>(() => GrainRunService.Ask<int>(() => throw new ArgumentException("no implementation"), default));
        Assert.Equal((503, "unavailable"), (error.Status, error.Code));
    }

    [Fact]
    public async Task AReadingThatASilosDeathLeftUnansweredIsRepeated()
    {
        var calls = 0;
        var reading = GrainRunService.Read(() => ++calls < 2 ? new TaskCompletionSource<int>().Task : Task.FromResult(calls), default);
        Assert.Equal(2, await reading.WaitAsync(GrainRunService.ReadPatience + TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task ARefusalIsNotRepeated()
    {
        var calls = 0;
        var error = await Assert.ThrowsAsync<ApiException>(() => GrainRunService.Ask<int>(
            () =>
            {
                calls++;
                return Task.FromException<int>(new ParisException(ParisException.Conflict, "no"));
            },
            default));
        Assert.Equal((409, 1), (error.Status, calls));
    }
}
