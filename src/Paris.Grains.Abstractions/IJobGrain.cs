using Orleans.Concurrency;

namespace Paris.Grains.Abstractions;

/// <summary>
/// One job; the key is <see cref="JobId.Key"/>. Reserves a slot, starts a worker on it, watches, retries and finishes. The worker
/// takes the epoch; the grain only keeps the wanted state, the retries and the newest report.
/// Reach it by <see cref="JobGrains"/>. Every method may be repeated.
/// </summary>
[Alias("paris.IJobGrain")]
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>Makes it so: reserve, start or re-attach, by the wanted state. Returns at once with the newest status.</summary>
    [Alias("ensure")]
    Task<JobStatus> EnsureAsync(JobOrder order);

    /// <summary>Look again now: a slot may have been granted. Does nothing when nobody ever ordered the job.</summary>
    [Alias("wake")]
    Task WakeAsync();

    /// <summary>The worker commits a checkpoint and stops.</summary>
    [Alias("pause")]
    Task<JobStatus> PauseAsync();

    /// <summary>Goes on after a pause, a failure or a quarantine, with new retries.</summary>
    [Alias("resume")]
    Task<JobStatus> ResumeAsync();

    /// <summary>Stops the job for good, until it is resumed.</summary>
    [Alias("cancel")]
    Task<JobStatus> CancelAsync();

    /// <summary>Moves the running job: a slot there is set aside, the worker commits and stops, the next one starts there. Returns once it is under way.</summary>
    /// <param name="silo">Where to; empty takes the fastest free slot that fits.</param>
    /// <param name="slot">The slot of that silo; empty takes its best.</param>
    /// <exception cref="ParisException">It does not run, there is no such silo or slot, nothing there is free, or it does not fit.</exception>
    [Alias("migrate")]
    Task<Migration> MigrateAsync(string silo, string slot);

    [Alias("status")]
    [AlwaysInterleave]
    Task<JobStatus> GetStatusAsync();

    /// <summary>At most <paramref name="max"/> points of the loss curve, oldest first, evenly thinned.</summary>
    [Alias("trace")]
    [AlwaysInterleave]
    Task<TracePoint[]> GetTraceAsync(int max);

    /// <summary>A silo's agent tells of its worker; the answer may ask it to stop.</summary>
    [Alias("report")]
    Task<JobReply> ReportAsync(JobReport report);
}

/// <summary>One expert or the twin: <c>run/expert/3</c>, <c>run/twin</c>.</summary>
[Alias("paris.IExpertGrain")]
public interface IExpertGrain : IJobGrain;

/// <summary>The router: <c>run/router</c>.</summary>
[Alias("paris.IRouterTrainerGrain")]
public interface IRouterTrainerGrain : IJobGrain;

/// <summary>Features and clusters: <c>run/extract</c>, <c>run/assign</c>.</summary>
[Alias("paris.IClusteringJobGrain")]
public interface IClusteringJobGrain : IJobGrain;

/// <summary>Data preparation: <c>run/ingest</c>, <c>run/autoencoder</c>, <c>run/classifier</c>, <c>run/encode</c>, <c>run/partition</c>.</summary>
[Alias("paris.IPreparationJobGrain")]
public interface IPreparationJobGrain : IJobGrain;

/// <summary>Images and scores: <c>run/sample/ID</c>, <c>run/evaluate/STRATEGY</c>.</summary>
[Alias("paris.ISamplerGrain")]
public interface ISamplerGrain : IJobGrain;
