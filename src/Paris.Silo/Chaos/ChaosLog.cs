using Paris.Core.Rest;

namespace Paris.Silo.Chaos;

/// <summary>What chaos says in the log.</summary>
internal static partial class ChaosLog
{
    [LoggerMessage(260, LogLevel.Warning, "Silo {Silo} takes faults on purpose (AllowChaos): {Faults}")]
    public static partial void Allowed(ILogger logger, string silo, string faults);

    [LoggerMessage(261, LogLevel.Warning, "Silo {Silo} carries out a fault: {Fault} {Job} {Seconds} s")]
    public static partial void Carries(ILogger logger, string silo, ChaosFault fault, string job, double seconds);

    [LoggerMessage(262, LogLevel.Debug, "Silo {Silo} could not ask for faults, or carry one out")]
    public static partial void Lost(ILogger logger, string silo, Exception exception);
}
