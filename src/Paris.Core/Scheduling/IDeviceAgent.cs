using Paris.Core.Jobs;

namespace Paris.Core.Scheduling;

/// <summary>
/// The owner of this silo's slots and workers, as the grains on this silo see it. It outlives every activation: an activation
/// re-attaches to a worker that it finds here.
/// </summary>
public interface IDeviceAgent
{
    /// <summary>The silo's name.</summary>
    string Silo { get; }

    /// <summary>The silo's address as text.</summary>
    string Address { get; }

    /// <summary>
    /// Starts a worker for <paramref name="job"/> on <paramref name="slot"/>, and returns at once; the worker's end, a failed start
    /// included, is reported to the job's grain. The final arbiter: false when the slot is unknown or busy, the silo drains, or the job
    /// already has a worker here.
    /// </summary>
    /// <param name="slot">Where.</param>
    /// <param name="job">What.</param>
    /// <param name="claim">New for every start.</param>
    /// <param name="split">Parts into which a training cuts its micro-batches, for want of memory; 1: whole.</param>
    bool TryStart(string slot, JobId job, string claim, int split);

    /// <summary>The job's worker on this silo; null when there is none.</summary>
    LocalWorker? Find(JobId job);

    /// <summary>Asks the job's worker to commit a checkpoint and stop; does nothing when there is none.</summary>
    void RequestStop(JobId job, string reason);
}

/// <summary>A worker of this silo.</summary>
public sealed record LocalWorker(string Slot, string Claim, int Epoch);
