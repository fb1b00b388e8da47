using System.Diagnostics;
using Paris.Silo.Chaos;
using Xunit;

namespace Paris.Silo.Tests;

/// <summary>The signals of chaos, on processes that do nothing.</summary>
public sealed class SignalsTests
{
    [Fact]
    public async Task APausedProcessStandsStill()
    {
        using var process = Process.Start("sleep", "60");
        Signals.Pause([process.Id], TimeSpan.FromSeconds(60));
        await WaitAsync(process, 'T');
        process.Kill();
    }

    [Fact]
    public async Task APausedProcessGoesOnByItself()
    {
        // Stopped before, so that no short pause has to be seen while it lasts.
        using var process = Process.Start("sleep", "60");
        Process.Start("kill", ["-STOP", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();
        await WaitAsync(process, 'T');
        Signals.Pause([process.Id], TimeSpan.FromSeconds(0.1));
        await WaitAsync(process, 'S');
        process.Kill();
    }

    [Fact]
    public async Task AKilledProcessIsGone()
    {
        using var process = Process.Start("sleep", "60");

        Signals.Kill(process.Id);

        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(128 + 9, process.ExitCode);
    }

    /// <summary>Waits until the kernel shows the state: T stopped, S sleeping.</summary>
    private static async Task WaitAsync(Process process, char state)
    {
        var clock = Stopwatch.StartNew();
        for (var now = '?'; now != state; now = (await File.ReadAllTextAsync($"/proc/{process.Id}/stat")).Split(") ")[1][0])
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"the process is in state {now}, not {state}");
            await Task.Delay(10);
        }
    }
}
