namespace Paris.Core.Scheduling;

/// <summary>Times of the scheduler and the supervisor.</summary>
public sealed record SchedulingOptions
{
    /// <summary>A silo that has not reported for this long has no slots any more: three missed reports. One that membership declares dead has none at once.</summary>
    public TimeSpan SiloExpiry { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>A fresh scheduler grants nothing for this long, unless every active silo has reported before.</summary>
    public TimeSpan SettleTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A reservation that no silo reports as taken is void after this long.</summary>
    public TimeSpan ReservationExpiry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A slot set aside for a job that still runs elsewhere is void after this long: its worker commits and stops meanwhile.</summary>
    public TimeSpan MoveExpiry { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A job that has not asked again for this long loses its place in the queue.</summary>
    public TimeSpan QueueExpiry { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>A wanted job that is neither reported nor queued for this long is pinged, and again after every such time.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(4);
}
