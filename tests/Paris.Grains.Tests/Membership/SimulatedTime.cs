namespace Paris.Grains.Tests.Membership;

/// <summary>A clock that goes from one timer to the next; whatever they start runs to its next wait before the clock goes on.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<(SimulatedTimer Timer, int Change), (long Due, long Order)> _queue = new();
    private long _ticks;
    private long _order;

    public TimeSpan Elapsed => TimeSpan.FromTicks(_ticks);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public override DateTimeOffset GetUtcNow() => Start.AddTicks(_ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Assert(period);
        var timer = new SimulatedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void RunUntil(TimeSpan end)
    {
        while (_queue.TryPeek(out var next, out var when) && when.Due <= end.Ticks)
        {
            _queue.Dequeue();
            if (next.Timer.Changes == next.Change)
            {
                _ticks = when.Due;
                next.Timer.Fire();
            }
        }

        _ticks = end.Ticks;
    }

    private static void Assert(TimeSpan period)
    {
        if (period != Timeout.InfiniteTimeSpan)
        {
            throw new NotSupportedException("Nothing here uses periodic timers.");
        }
    }

    private sealed class SimulatedTimer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        public int Changes { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Assert(period);
            Changes++;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time._queue.Enqueue((this, Changes), (time._ticks + dueTime.Ticks, time._order++));
            }

            return true;
        }

        public void Fire() => callback(state);

        public void Dispose() => Changes++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
