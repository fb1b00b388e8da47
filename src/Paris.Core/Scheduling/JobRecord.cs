using System.Text.Json;
using Paris.Core.Jobs;

namespace Paris.Core.Scheduling;

/// <summary>
/// The content of <c>job.json</c>: what the grain of a job must not forget. The worker's side, epoch and checkpoints, is in
/// <see cref="JobHead"/>.
/// </summary>
public sealed record JobRecord
{
    /// <summary>More parts than any batch has samples.</summary>
    private const int MaxSplit = 1 << 20;

    /// <summary>What a person wants of this job.</summary>
    public RunWish Wish { get; init; }

    public int Priority { get; init; }

    /// <summary>When the run was submitted, by the store's clock.</summary>
    public DateTimeOffset Submitted { get; init; }

    /// <summary>Its place in the run's plan.</summary>
    public int Place { get; init; }

    /// <summary>Steps the spec asks for; 0 when unknown.</summary>
    public long Total { get; init; }

    /// <summary>The run's share of the slots.</summary>
    public double Share { get; init; } = 1;

    /// <summary>What it needs of a slot, and the whole of its work.</summary>
    public JobDemand Demand { get; init; } = JobDemand.Any;

    /// <summary>What is spent of the retry budgets, and the end of the present back-off.</summary>
    public RetryState Retries { get; init; } = new();

    /// <summary>
    /// Parts into which a training cuts every micro-batch of its spec: doubled after each end for want of memory, and kept for the job's life.
    /// </summary>
    public int Split { get; init; } = 1;

    /// <summary>Set when the job failed for good: why, in one sentence.</summary>
    public string? Failure { get; init; }

    /// <summary>The failure is a divergence: the job is set aside, its data or its rate is to be looked at.</summary>
    public bool Quarantined { get; init; }

    /// <summary>The failure is the input's: repeating cannot help.</summary>
    public bool BadInput { get; init; }

    /// <summary>The record after a failure that is retried: want of memory doubles the split.</summary>
    public JobRecord After(FailureCause cause) => cause == FailureCause.OutOfMemory ? this with { Split = Math.Min(2 * Split, MaxSplit) } : this;

    public static JsonSerializerOptions Json { get; } = new(WorkerProtocol.Json) { WriteIndented = true };

    /// <summary>The job's place in the queue, with the work that is left after <paramref name="step"/>.</summary>
    public QueueOrder InQueue(JobId job, long step) => new(Priority, Submitted, Place, job.Key)
    {
        Share = Share,
        Demand = Total > 0 ? Demand with { Samples = Math.Max(0, Total - step) * (double)Demand.SamplesPerStep } : Demand,
    };

    /// <summary>The blob's name.</summary>
    public static string BlobName(JobId job) => job.Folder + "job.json";
}

/// <summary>The content of <c>runs/{run}/run.json</c>: what a person wants of the run.</summary>
public sealed record RunRecord
{
    public RunWish Wish { get; init; }

    /// <summary>Set once, when the run first completed, failed or was cancelled; cleared when it goes on.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The blob's name.</summary>
    public static string BlobName(string run) => $"runs/{run}/run.json";
}
