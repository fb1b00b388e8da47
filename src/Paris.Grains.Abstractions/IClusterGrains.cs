using Orleans.Concurrency;

namespace Paris.Grains.Abstractions;

/// <summary>
/// The slots of the cluster and the queue before them; the key is <see cref="ClusterGrains.Key"/>. Its state is soft: silos report
/// every two seconds, jobs ask again.
/// </summary>
[Alias("paris.IDeviceSchedulerGrain")]
public interface IDeviceSchedulerGrain : IGrainWithStringKey
{
    /// <summary>A silo's agent tells of its slots.</summary>
    [Alias("report")]
    Task ReportAsync(SiloStatusReport report);

    /// <summary>Asks for a slot; asking again keeps the place in the queue or the grant. A job that stops asking loses its place.</summary>
    [Alias("reserve")]
    Task<ReserveReply> ReserveAsync(ReserveRequest request);

    /// <summary>Gives a reservation and the place in the queue back.</summary>
    [Alias("release")]
    Task ReleaseAsync(string job, string reservation);

    /// <summary>Sets a slot aside for a job that runs elsewhere and is to move there; called by the job, see <see cref="IJobGrain.MigrateAsync"/>.</summary>
    [Alias("move")]
    Task<MoveReply> MoveAsync(MoveRequest request);

    [Alias("status")]
    [AlwaysInterleave]
    Task<ClusterStatus> GetStatusAsync();

    /// <summary>Keys of the jobs that run, hold a reservation or wait for one: what the supervisor need not ping.</summary>
    [Alias("accounted-for")]
    [AlwaysInterleave]
    Task<string[]> GetAccountedForAsync();

    /// <summary>What the queue would need, and which silos could go.</summary>
    [Alias("advise")]
    [AlwaysInterleave]
    Task<ScaleStatus> AdviseAsync();

    /// <summary>Turns the rebalancer on or off for the cluster; kept in the store.</summary>
    [Alias("rebalance")]
    Task RebalanceAsync(bool on);
}

/// <summary>
/// Compares what should run with what is reported and pings what fell silent; the key is <see cref="ClusterGrains.Key"/>. Every
/// silo's agent ticks it, so it comes back by itself after any silo's death.
/// </summary>
[Alias("paris.IJobSupervisorGrain")]
public interface IJobSupervisorGrain : IGrainWithStringKey
{
    /// <summary>Scans when the last scan is old enough; called by every silo every two seconds.</summary>
    [Alias("tick")]
    Task TickAsync(string silo);

    /// <summary>A run was submitted: watch it from now on.</summary>
    [Alias("watch")]
    Task WatchAsync(string run);

    /// <summary>Every run in the store, newest first.</summary>
    [Alias("runs")]
    Task<RunSummary[]> ListRunsAsync();
}

/// <summary>The key of the grains of which a cluster has one.</summary>
public static class ClusterGrains
{
    public const string Key = "cluster";

    public static IDeviceSchedulerGrain Scheduler(this IGrainFactory grains) => grains.GetGrain<IDeviceSchedulerGrain>(Key);

    public static IChaosGrain Chaos(this IGrainFactory grains) => grains.GetGrain<IChaosGrain>(Key);

    public static IJobSupervisorGrain Supervisor(this IGrainFactory grains) => grains.GetGrain<IJobSupervisorGrain>(Key);
}

/// <summary>Finds the grain of a job by its key.</summary>
public static class JobGrains
{
    /// <summary>The grain of <paramref name="job"/>, through the interface of its kind.</summary>
    public static IJobGrain GetJob(this IGrainFactory grains, JobId job) => job.Kind switch
    {
        JobKind.TrainExpert or JobKind.TrainTwin => grains.GetGrain<IExpertGrain>(job.Key),
        JobKind.TrainRouter => grains.GetGrain<IRouterTrainerGrain>(job.Key),
        JobKind.Extract or JobKind.Assign => grains.GetGrain<IClusteringJobGrain>(job.Key),
        JobKind.Sample or JobKind.Evaluate => grains.GetGrain<ISamplerGrain>(job.Key),
        _ => grains.GetGrain<IPreparationJobGrain>(job.Key),
    };

    /// <summary>The grain of the job with this key.</summary>
    /// <exception cref="FormatException">The text is no job key.</exception>
    public static IJobGrain GetJob(this IGrainFactory grains, string key) => grains.GetJob(JobId.Parse(key));
}
