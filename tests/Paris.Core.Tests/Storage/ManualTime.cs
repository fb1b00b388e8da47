namespace Paris.Core.Tests.Storage;

/// <summary>A clock that stands still until it is told otherwise, or jumps to whatever is waited for.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly DateTimeOffset _start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _ticks;

    /// <summary>Whether a timer fires at once and takes the clock along.</summary>
    public bool Jumps { get; init; }

    public List<TimeSpan> Waits { get; } = [];

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _start.AddTicks(_ticks);

    public override long GetTimestamp() => _ticks;

    public void Advance(TimeSpan time) => _ticks += time.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (!Jumps)
        {
            throw new NotSupportedException("Nothing should wait here.");
        }

        Waits.Add(dueTime);
        Advance(dueTime);
        return TimeProvider.System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
