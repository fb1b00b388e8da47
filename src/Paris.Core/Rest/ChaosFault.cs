namespace Paris.Core.Rest;

/// <summary>What <c>paris chaos</c> does to a cluster.</summary>
public enum ChaosFault
{
    /// <summary>SIGKILL to one job's worker.</summary>
    WorkerKill,

    /// <summary>SIGSTOP to one job's worker, SIGCONT later.</summary>
    WorkerPause,

    /// <summary>SIGKILL to a silo's process; its workers find their input closed.</summary>
    SiloKill,

    /// <summary>SIGSTOP to a silo's process and its workers, SIGCONT later: what a frozen or throttled node looks like.</summary>
    SiloPause,

    /// <summary>Every call of a silo and of its workers to the store fails for a while.</summary>
    StorageOutage,
}
