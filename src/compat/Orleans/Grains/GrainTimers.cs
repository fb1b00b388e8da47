namespace Orleans.Runtime;

public interface IGrainTimer : IDisposable
{
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>When a grain timer fires and how its callback shares the activation with calls.</summary>
public readonly struct GrainTimerCreationOptions()
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Time to the first tick; <see cref="Timeout.InfiniteTimeSpan"/>: never.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>Time from the end of a callback to the next tick.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Ticks run between the turns of calls instead of waiting for them.</summary>
    public bool Interleave { get; init; }

    /// <summary>Ticks count as use of the activation.</summary>
    public bool KeepAlive { get; init; }
}
