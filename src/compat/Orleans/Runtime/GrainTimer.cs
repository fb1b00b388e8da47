using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

/// <summary>
/// A timer of one activation: its callback is a turn like any other, and the period starts when the callback ends.
/// </summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly bool _interleave;
    private readonly bool _keepAlive;
    private readonly CancellationTokenSource _disposed = new();
    private readonly ITimer _timer;
    private TimeSpan _period;
    private bool _firing;
    private TimeSpan? _changedDue;

    private GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _interleave = options.Interleave;
        _keepAlive = options.KeepAlive;
        _period = options.Period;
        using (ExecutionContext.SuppressFlow())
        {
            _timer = activation.Silo.Time.CreateTimer(static state => ((GrainTimer)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public static IGrainTimer Register(IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        Check(options.DueTime, nameof(options.DueTime));
        Check(options.Period, nameof(options.Period));
        var activation = (Activation)grain.GrainContext;
        var timer = new GrainTimer(activation, callback, options);
        activation.AddTimer(timer);
        timer._timer.Change(options.DueTime, Timeout.InfiniteTimeSpan);
        return timer;
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
        lock (_disposed)
        {
            _period = period;
            if (_firing)
            {
                _changedDue = dueTime;
                return;
            }
        }

        _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        if (_disposed.IsCancellationRequested)
        {
            return;
        }

        _disposed.Cancel();
        _timer.Dispose();
        _activation.RemoveTimer(this);
    }

    private static void Check(TimeSpan value, string name)
    {
        if (value != Timeout.InfiniteTimeSpan && (value < TimeSpan.Zero || value.TotalMilliseconds > uint.MaxValue - 1))
        {
            throw new ArgumentOutOfRangeException(name, value, $"The {name} of a grain timer must be infinite or not negative.");
        }
    }

    private void Fire()
    {
        if (_disposed.IsCancellationRequested)
        {
            return;
        }

        lock (_disposed)
        {
            _firing = true;
        }

        // A tick takes its place in the queue like a call; an interleaving one passes the calls that run.
        _activation.TryReceive(new Message { Target = _activation.GrainId, Tick = TickAsync, AlwaysInterleave = _interleave, KeepsAlive = _keepAlive });
    }

    private async Task TickAsync()
    {
        try
        {
            if (!_disposed.IsCancellationRequested)
            {
                await _callback(_disposed.Token);
            }
        }
        catch (Exception exception)
        {
            if (exception is not OperationCanceledException || !_disposed.IsCancellationRequested)
            {
                _activation.Silo.Logger.LogError(exception, "A timer callback of {Grain} failed", _activation);
            }
        }

        TimeSpan next;
        lock (_disposed)
        {
            _firing = false;
            next = _changedDue ?? _period;
            _changedDue = null;
        }

        if (!_disposed.IsCancellationRequested && next != Timeout.InfiniteTimeSpan)
        {
            try
            {
                _timer.Change(next, Timeout.InfiniteTimeSpan);
            }
            catch (ObjectDisposedException)
            {
                // Disposed between the check and here.
            }
        }
    }
}
