namespace Paris.Core.Scheduling;

/// <summary>A job's place in the queue: priority (higher first), then submit time, then its place in the run's plan, then its key; see <see cref="FairQueue"/>.</summary>
public sealed record QueueOrder(int Priority, DateTimeOffset Submitted, int Place, string Job) : IComparable<QueueOrder>
{
    /// <summary>The run's share of the slots, relative to other runs of its priority.</summary>
    public double Share { get; init; } = 1;

    /// <summary>What the job needs and what is left of it.</summary>
    public JobDemand Demand { get; init; } = JobDemand.Any;

    /// <summary>The run's name.</summary>
    public string Run => RunOf(Job);

    /// <summary>The run of a job's key.</summary>
    public static string RunOf(string job) => job.IndexOf('/') is >= 0 and var slash ? job[..slash] : job;

    public int CompareTo(QueueOrder? other)
    {
        if (other is null)
        {
            return -1;
        }

        var byPriority = other.Priority.CompareTo(Priority);
        var bySubmitted = byPriority != 0 ? byPriority : Submitted.CompareTo(other.Submitted);
        var byPlace = bySubmitted != 0 ? bySubmitted : Place.CompareTo(other.Place);
        return byPlace != 0 ? byPlace : string.CompareOrdinal(Job, other.Job);
    }
}
