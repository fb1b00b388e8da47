namespace Paris.Core.Scheduling;

/// <summary>How often a silo's agent tells each job's grain about its worker.</summary>
public static class ReportPace
{
    /// <summary>Least time between two reports of one worker on a silo that runs so many.</summary>
    /// <value>
    /// A second for up to four workers; with more, at most four reports a second a silo, but never so rarely that a lost one lets the job
    /// count its worker as lost (7 s).
    /// </value>
    public static TimeSpan Between(int workers) => TimeSpan.FromSeconds(Math.Clamp(workers / 4.0, 1, 3));
}
