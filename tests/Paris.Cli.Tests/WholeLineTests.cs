using System.Text.Json;
using Paris.Core.Rest;

namespace Paris.Cli.Tests;

/// <summary>The main job at its smallest, from the command line to the report, with real silos, workers and libtorch.</summary>
public sealed class WholeLineTests
{
    // Slow (about a minute and a half on a quiet machine): two whole runs, of which one is interrupted, are what it takes to see that
    // an interruption changes nothing.
    [Fact]
    public async Task An_interrupted_demo_goes_on_and_ends_with_the_same_table()
    {
        using var sandbox = new Sandbox();
        sandbox.Set("PARIS_WORKER", null);
        var whole = await Report(sandbox, "whole", CancellationToken.None);

        Assert.Equal(["cluster-first", "top-1", "top-2"], whole.Strategies.Select(s => s.Strategy).Order());
        Assert.All(whole.Strategies, s => Assert.True(double.IsFinite(s.Distance) && s.ClassShares.Count == 10));
        Assert.NotNull(whole.RealDistance);
        Assert.Equal(3, whole.Experts.Count);
        Assert.True(whole.Router!.Accuracy.Count > 2);
        foreach (var picture in whole.Pictures)
        {
            Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(Path.Combine(sandbox.Path("whole"), picture.File))[..4]);
        }

        Assert.Contains("| *real,", File.ReadAllText(Path.Combine(sandbox.Path("whole"), "report.md")), StringComparison.Ordinal);

        // Interrupted where the experts train.
        using var interrupt = new CancellationTokenSource();
        var first = Terminal.RunAsync(Arguments(sandbox, "broken"), interrupt.Token);
        var started = TimeProvider.System.GetTimestamp();
        while (!first.IsCompleted && !Directory.Exists(Path.Combine(sandbox.Path("store-broken"), "runs", "smoke", "experts", "1")))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMinutes(5), "no expert started");
            await Task.Delay(50);
        }

        await interrupt.CancelAsync();
        Assert.Equal(CommandLine.Interrupted, (await first).ExitCode);

        var again = await Report(sandbox, "broken", CancellationToken.None);
        Assert.Equal(whole.Experts.Select(e => e.Weights), again.Experts.Select(e => e.Weights));
        Assert.Equal(whole.Strategies.Select(s => (s.Strategy, s.Distance)), again.Strategies.Select(s => (s.Strategy, s.Distance)));
        Assert.Equal(whole.Router.Accuracy, again.Router!.Accuracy);
    }

    private static async Task<RunReport> Report(Sandbox sandbox, string name, CancellationToken cancellationToken)
    {
        var run = await Terminal.RunAsync([.. Arguments(sandbox, name), "--json"], cancellationToken);
        Assert.True(run.ExitCode == 0, $"{run.Error}{run.Out}");
        Assert.True(File.Exists(Path.Combine(sandbox.Path(name), "report.json")));
        return JsonSerializer.Deserialize<RunReport>(run.Out, RestJson.Wire)!;
    }

    private static string[] Arguments(Sandbox sandbox, string name)
        => ["demo", "--preset", "smoke", "--store", sandbox.Path("store-" + name), "--out", sandbox.Path(name), "--port", "0", "--slots", "2", "--silos", "2"];
}
