namespace Paris.Core.Membership;

/// <summary>
/// Keeps a silo's heartbeat going when the runtime does not: while it joins, while it drains, and in the growing pauses (up to 64 s) that
/// it makes after failures. As long as the runtime beats on its own this only watches.
/// </summary>
public sealed class SiloHeartbeat : IDisposable
{
    private readonly Func<Task> _beat;
    private readonly BlobClusteringOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _lastCall;
    private bool _stopped;

    /// <param name="beat">Writes the heartbeat, and calls <see cref="Beaten"/>.</param>
    public SiloHeartbeat(Func<Task> beat, BlobClusteringOptions options, TimeProvider time)
    {
        _beat = beat;
        _options = options;
        _time = time;
        _lastCall = time.GetTimestamp();
    }

    /// <summary>The runtime has called: the silo lives.</summary>
    public void Called() => Interlocked.Exchange(ref _lastCall, _time.GetTimestamp());

    /// <summary>A heartbeat was written, or failed to be: the next is due in a period (and a little, for the runtime's own), or soon.</summary>
    public void Beaten(bool succeeded)
    {
        lock (_lock)
        {
            if (!_stopped)
            {
                var due = succeeded ? 1.2 * _options.HeartbeatPeriod : _options.HeartbeatRetry;
                _timer ??= CreateTimer();
                _timer.Change(due, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>No further heartbeats: the silo is dead.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            _timer?.Dispose();
        }
    }

    public void Dispose() => Stop();

    private ITimer CreateTimer()
    {
        using (ExecutionContext.SuppressFlow())
        {
            return _time.CreateTimer(static self => _ = ((SiloHeartbeat)self!).TickAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task TickAsync()
    {
        // A silo whose runtime has gone silent is not kept in the table for ever.
        if (_time.GetElapsedTime(Interlocked.Read(ref _lastCall)) > _options.HeartbeatLimit)
        {
            return;
        }

        try
        {
            await _beat().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or TimeoutException)
        {
            // It said so to Beaten, and is tried again.
        }
    }
}
