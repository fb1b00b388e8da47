namespace Paris.Cli.Tests;

/// <summary><c>paris up</c> on a sandbox's store with real workers, stopped at the end.</summary>
internal sealed class RunningUp : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<Terminal> _up;

    private RunningUp() => _up = Terminal.RunAsync(["up", "--port", "0", "--slots", "2"], _stop.Token);

    public static async Task<RunningUp> StartAsync(Sandbox sandbox)
    {
        sandbox.Set("PARIS_WORKER", null);
        sandbox.Set("PARIS_STORE", sandbox.Store);
        var up = new RunningUp();
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            while (!File.Exists(Path.Combine(sandbox.Store, "gateway.json")))
            {
                Assert.True(!up._up.IsCompleted && TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMinutes(3), "the gateway did not start");
                await Task.Delay(50);
            }

            return up;
        }
        catch
        {
            await up.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _up;
        _stop.Dispose();
    }
}
