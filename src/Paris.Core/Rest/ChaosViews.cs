using Paris.Core.Jobs;

namespace Paris.Core.Rest;

/// <summary>Body of <c>POST /api/v1/chaos/faults</c>.</summary>
/// <param name="Fault">What to do.</param>
/// <param name="Silo">The silo whose agent does it.</param>
/// <param name="Job">The job's key, for faults of a worker.</param>
/// <param name="Seconds">How long a pause or an outage lasts, 1 … 600.</param>
public sealed record ChaosRequest(ChaosFault Fault, string Silo, string? Job = null, double Seconds = 0)
{
    public const double LongestSeconds = 600;

    /// <summary>True for faults of one job's worker.</summary>
    public static bool AimsAtAJob(ChaosFault fault) => fault is ChaosFault.WorkerKill or ChaosFault.WorkerPause;

    /// <summary>True for faults that end by themselves.</summary>
    public static bool Lasts(ChaosFault fault) => fault is ChaosFault.WorkerPause or ChaosFault.SiloPause or ChaosFault.StorageOutage;

    /// <exception cref="ParisInputException">The request names no silo, no job where one is needed, or no time that makes sense.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(Silo))
        {
            throw new ParisInputException("The fault names no silo; GET /api/v1/chaos lists those that allow faults.");
        }

        if (AimsAtAJob(Fault) == string.IsNullOrEmpty(Job))
        {
            throw new ParisInputException(AimsAtAJob(Fault) ? $"The fault {Fault} names no job; give its key, like demo/expert/3." : $"The fault {Fault} is a silo's and takes no job.");
        }

        if (Lasts(Fault) ? !(Seconds is >= 1 and <= LongestSeconds) : Seconds != 0)
        {
            throw new ParisInputException(Lasts(Fault) ? $"The fault {Fault} lasts {Seconds} s; use 1 to {LongestSeconds:0}." : $"The fault {Fault} takes no seconds.");
        }
    }
}

/// <summary>Who takes faults, as <c>GET /api/v1/chaos</c> answers; empty on a cluster that allows none.</summary>
/// <param name="Silos">Silos started with AllowChaos.</param>
public sealed record ChaosView(IReadOnlyList<ChaosSiloView> Silos);

/// <summary>One silo that takes faults.</summary>
/// <param name="Silo">Its name.</param>
/// <param name="Faults">What it can do to itself: silos that share a process can neither be killed nor paused alone.</param>
public sealed record ChaosSiloView(string Silo, IReadOnlyList<ChaosFault> Faults);

/// <summary>A job's head, as <c>GET /api/v1/runs/{run}/heads</c> lists it.</summary>
/// <param name="Job">The job's key.</param>
/// <param name="Epoch">Fencing number.</param>
/// <param name="Step">The newest committed step.</param>
/// <param name="Checkpoints">Complete checkpoints, newest first.</param>
/// <param name="Damaged">With <c>verify=true</c>: listed checkpoints that are missing or fail their hash.</param>
public sealed record HeadView(string Job, int Epoch, long Step, IReadOnlyList<CheckpointEntry> Checkpoints, IReadOnlyList<string>? Damaged = null);
