using Microsoft.Extensions.Logging;

namespace Paris.Grains;

/// <summary>What the grains say in the log.</summary>
internal static partial class GrainLog
{
    [LoggerMessage(100, LogLevel.Information, "Run {Run} is submitted: {Jobs} jobs")]
    public static partial void RunSubmitted(ILogger logger, string run, int jobs);

    [LoggerMessage(101, LogLevel.Information, "Run {Run} is {State}: {Phase}")]
    public static partial void RunChanged(ILogger logger, string run, RunState state, string phase);

    [LoggerMessage(102, LogLevel.Warning, "Run {Run} could not be looked after; it is tried again")]
    public static partial void RunFailedToEnsure(ILogger logger, string run, Exception exception);

    [LoggerMessage(103, LogLevel.Information, "Run {Run}: revision {Revision} of the ensemble, made from revision {From}, is in progress")]
    public static partial void EnsembleChanges(ILogger logger, string run, int revision, int from);

    [LoggerMessage(104, LogLevel.Information, "Run {Run}: revision {Revision} of the ensemble is in use")]
    public static partial void EnsembleSwitched(ILogger logger, string run, int revision);

    [LoggerMessage(105, LogLevel.Information, "Run {Run}: revision {Revision} of the ensemble is taken back; revision {Current} is in use")]
    public static partial void EnsembleUndone(ILogger logger, string run, int revision, int current);

    [LoggerMessage(110, LogLevel.Information, "Job {Job} starts on {Silo}/{Slot}")]
    public static partial void JobStarts(ILogger logger, string job, string silo, string slot);

    [LoggerMessage(111, LogLevel.Information, "Job {Job} re-attaches to its worker on {Silo}/{Slot}, epoch {Epoch}")]
    public static partial void JobAttaches(ILogger logger, string job, string silo, string slot, int epoch);

    [LoggerMessage(112, LogLevel.Information, "Job {Job} moves to {Silo}, where a slot is reserved for it")]
    public static partial void JobMoves(ILogger logger, string job, string silo);

    [LoggerMessage(113, LogLevel.Information, "Job {Job} is complete")]
    public static partial void JobCompleted(ILogger logger, string job);

    [LoggerMessage(114, LogLevel.Warning, "Job {Job} ended with code {Code}: {Decision}; {Reason}")]
    public static partial void JobRetries(ILogger logger, string job, int code, string decision, string reason);

    [LoggerMessage(115, LogLevel.Error, "Job {Job} failed for good: {Reason}")]
    public static partial void JobFailed(ILogger logger, string job, string reason);

    [LoggerMessage(116, LogLevel.Warning, "Job {Job} lost its worker on {Silo}: no report for {Seconds} s")]
    public static partial void JobSilent(ILogger logger, string job, string silo, double seconds);

    [LoggerMessage(117, LogLevel.Information, "Job {Job} was stopped: {Reason}")]
    public static partial void JobStopped(ILogger logger, string job, string reason);

    [LoggerMessage(118, LogLevel.Warning, "Job {Job}: the slot {Slot} refused the worker; the reservation is given back")]
    public static partial void JobRefused(ILogger logger, string job, string slot);

    [LoggerMessage(119, LogLevel.Warning, "Job {Job} could not be looked after; it is tried again")]
    public static partial void JobFailedToStep(ILogger logger, string job, Exception exception);

    [LoggerMessage(120, LogLevel.Debug, "A message to {Target} was lost; it is sent again by the supervisor")]
    public static partial void MessageLost(ILogger logger, string target, Exception exception);

    [LoggerMessage(121, LogLevel.Information, "Job {Job} leaves {From} for {Silo}/{Slot}, which is set aside: it commits and stops first")]
    public static partial void JobLeaves(ILogger logger, string job, string from, string silo, string slot);

    [LoggerMessage(125, LogLevel.Information, "The rebalancer moves {Job} from {From} to {Silo}/{Slot}: saves {Gain:0} s of {Seconds:0} s")]
    public static partial void RebalancerMoves(ILogger logger, string job, string from, string silo, string slot, double gain, double seconds);

    [LoggerMessage(126, LogLevel.Information, "The rebalancer is switched: {On}")]
    public static partial void RebalancerSwitched(ILogger logger, bool on);

    [LoggerMessage(130, LogLevel.Information, "The supervisor pings {Job}, which fell silent")]
    public static partial void SupervisorPings(ILogger logger, string job);

    [LoggerMessage(131, LogLevel.Information, "The supervisor watches {Runs} runs of the store")]
    public static partial void SupervisorWatches(ILogger logger, int runs);
}
