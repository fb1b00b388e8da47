using Microsoft.Extensions.Logging;

namespace Paris.Grains.Membership;

/// <summary>What the membership table says in the log.</summary>
internal static partial class MembershipLog
{
    [LoggerMessage(140, LogLevel.Warning, "Silo {Silo} is declared dead: nobody has heard its heartbeat in {Store} for {Seconds} s")]
    public static partial void Swept(ILogger logger, string silo, string store, double seconds);

    [LoggerMessage(141, LogLevel.Warning, "Stale silos could not be looked for; the next read tries again")]
    public static partial void SweepFailed(ILogger logger, Exception exception);

    [LoggerMessage(142, LogLevel.Warning, "The heartbeat of this silo could not be written; it is tried again")]
    public static partial void HeartbeatFailed(ILogger logger, Exception exception);

    [LoggerMessage(143, LogLevel.Information, "{Count} defunct silos are removed from the membership table")]
    public static partial void CleanedUp(ILogger logger, int count);
}
