namespace Paris.Silo;

/// <summary>What the device agent and its workers say in the log.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(200, LogLevel.Information, "Silo {Silo} offers {Slots} slots: {Devices}")]
    public static partial void Slots(ILogger logger, string silo, int slots, string devices);

    [LoggerMessage(201, LogLevel.Information, "Worker of {Job} starts on {Slot}")]
    public static partial void WorkerStarts(ILogger logger, string job, string slot);

    [LoggerMessage(202, LogLevel.Information, "Worker of {Job} on {Slot} owns epoch {Epoch}: step {Step} of {Total}, process {ProcessId}")]
    public static partial void WorkerReady(ILogger logger, string job, string slot, int epoch, long step, long total, int processId);

    [LoggerMessage(203, LogLevel.Information, "Worker of {Job} on {Slot} ended with code {Code} after {Seconds:0.0} s")]
    public static partial void WorkerEnded(ILogger logger, string job, string slot, int code, double seconds);

    [LoggerMessage(204, LogLevel.Information, "Worker of {Job} on {Slot} is asked to stop: {Reason}")]
    public static partial void WorkerStops(ILogger logger, string job, string slot, string reason);

    [LoggerMessage(205, LogLevel.Warning, "Worker of {Job} on {Slot} did not stop within {Seconds} s and is killed")]
    public static partial void WorkerKilled(ILogger logger, string job, string slot, double seconds);

    [LoggerMessage(206, LogLevel.Debug, "[{Job}] {Line}")]
    public static partial void WorkerSays(ILogger logger, string job, string line);

    [LoggerMessage(207, LogLevel.Warning, "Worker of {Job} on {Slot}: {Reason}")]
    public static partial void WorkerStraggles(ILogger logger, string job, string slot, string reason);

    [LoggerMessage(208, LogLevel.Error, "Worker of {Job} on {Slot} is killed: {Reason}")]
    public static partial void WorkerHangs(ILogger logger, string job, string slot, string reason);

    [LoggerMessage(210, LogLevel.Debug, "The report to {Target} was lost; the next one says the same")]
    public static partial void ReportLost(ILogger logger, string target, Exception exception);

    [LoggerMessage(211, LogLevel.Information, "Silo {Silo} drains: {Workers} workers commit and stop")]
    public static partial void Drains(ILogger logger, string silo, int workers);

    [LoggerMessage(212, LogLevel.Warning, "The end of the worker of {Job} could not be told to its grain; the supervisor will notice")]
    public static partial void EndLost(ILogger logger, string job, Exception exception);
}
