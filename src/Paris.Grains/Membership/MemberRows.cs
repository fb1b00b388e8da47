using Paris.Core.Membership;

namespace Paris.Grains.Membership;

/// <summary>Orleans' membership entries as rows of the table and back.</summary>
internal static class MemberRows
{
    public static MemberRow ToRow(MembershipEntry entry) => new()
    {
        Silo = entry.SiloAddress.ToParsableString(),
        Status = entry.Status.ToString(),
        SuspectTimes = entry.SuspectTimes?.Select(vote => new MemberVote(vote.Item1.ToParsableString(), Utc(vote.Item2))).ToArray(),
        ProxyPort = entry.ProxyPort,
        HostName = entry.HostName,
        SiloName = entry.SiloName,
        RoleName = entry.RoleName,
        UpdateZone = entry.UpdateZone,
        FaultZone = entry.FaultZone,
        StartTime = Utc(entry.StartTime),
        IAmAliveTime = Utc(entry.IAmAliveTime),
    };

    /// <exception cref="StorageFaultException">The row was written by something else.</exception>
    public static MembershipEntry ToEntry(MemberRow row, DateTime iAmAlive)
    {
        try
        {
            return new MembershipEntry
            {
                SiloAddress = SiloAddress.FromParsableString(row.Silo),
                Status = Enum.Parse<SiloStatus>(row.Status),
                SuspectTimes = row.SuspectTimes?.Select(vote => Tuple.Create(SiloAddress.FromParsableString(vote.Silo), Utc(vote.Time))).ToList()!,
                ProxyPort = row.ProxyPort,
                HostName = row.HostName!,
                SiloName = row.SiloName!,
                RoleName = row.RoleName!,
                UpdateZone = row.UpdateZone,
                FaultZone = row.FaultZone,
                StartTime = Utc(row.StartTime),
                IAmAliveTime = Utc(iAmAlive),
            };
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            throw new StorageFaultException($"The membership row of '{row.Silo}' with status '{row.Status}' is not readable.", exception);
        }
    }

    private static DateTime Utc(DateTime time) => time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : DateTime.SpecifyKind(time, DateTimeKind.Utc);
}
