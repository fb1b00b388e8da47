using System.Diagnostics;
using Paris.Silo.Chaos;
using Xunit;

namespace Paris.Silo.Tests;

/// <summary>The signals of chaos, on processes that do nothing.</summary>
public sealed class SignalsTests
{
    [Fact]
    public async Task APausedProcessStandsStillAndGoesOnByItself()
    {
        using var process = Process.Start("sleep", "60");
        try
        {
            Signals.Pause([process.Id], TimeSpan.FromSeconds(0.5));
            await WaitAsync(process, 'T');
            await WaitAsync(process, 'S');
        }
        finally
        {
            process.Kill();
        }
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
