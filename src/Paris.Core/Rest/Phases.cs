namespace Paris.Core.Rest;

/// <summary>Sums the jobs of a run up by kind.</summary>
public static class Phases
{
    /// <summary>One phase a kind, in the order in which the kinds first occur.</summary>
    public static IReadOnlyList<PhaseView> Of(IReadOnlyList<JobView> jobs)
        => [.. jobs.GroupBy(j => j.Kind).Select(g => Of(g.Key, [.. g]))];

    private static PhaseView Of(string kind, IReadOnlyList<JobView> jobs)
    {
        var running = jobs.Where(j => j.State == "running").ToArray();
        return new PhaseView(
            kind,
            jobs.Count,
            jobs.Count(j => j.State == "completed"),
            running.Length,
            jobs.Count(j => j.State is "failed" or "quarantined"),
            jobs.Average(j => j.Fraction),
            running.Sum(j => j.Rate),
            running.Select(j => j.Unit).FirstOrDefault(u => !string.IsNullOrEmpty(u)),
            SecondsLeft(jobs, running));
    }

    // Work left over the speed of the workers that run, both in shares of a job: jobs of one kind are alike.
    private static double? SecondsLeft(IReadOnlyList<JobView> jobs, JobView[] running)
    {
        var speed = running.Where(j => j.SecondsLeft > 0 && j.Fraction < 1).Sum(j => (1 - j.Fraction) / j.SecondsLeft!.Value);
        if (speed <= 0)
        {
            return null;
        }

        var left = jobs.Where(j => j.State is "waiting" or "queued" or "starting" or "running" or "paused").Sum(j => 1 - j.Fraction);

        // The last job alone may take longer than the even split says.
        return Math.Max(left / speed, running.Max(j => j.SecondsLeft ?? 0));
    }
}
