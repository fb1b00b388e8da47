namespace Paris.Core.Scheduling;

/// <summary>What a <see cref="JobNote"/> tells of.</summary>
public enum JobMoment
{
    Starts = 0,
    Refused = 1,
    Moves = 2,
    Attaches = 3,
    Silent = 4,
    Completed = 5,
    Retries = 6,
    Failed = 7,
    Stopped = 8,
}
