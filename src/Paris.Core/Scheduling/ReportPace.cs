namespace Paris.Core.Scheduling;

/// <summary>How often a silo's agent tells each job's grain about its worker.</summary>
public static class ReportPace
{
    /// <summary>Least time between two reports of one worker on a silo that runs so many.</summary>
    /// <value>
    /// A second for up to four workers, a quarter second a worker for more, and at most three seconds: one lost report must not let a job
    /// count its worker as lost (7 s).
    /// </value>
    public static TimeSpan Between(int workers) => TimeSpan.FromSeconds(Math.Clamp(workers / 4.0, 1, 3));
}
