namespace Paris.Grains;

/// <summary>The content of <c>cluster/scheduling.json</c>: what a person switched while the cluster ran; it wins over the silos' settings.</summary>
public sealed record SchedulerSettings
{
    public const string BlobName = "cluster/scheduling.json";

    /// <summary>Move running jobs to faster free slots when it pays; null leaves it to the silos' settings.</summary>
    public bool? Rebalance { get; init; }
}
