namespace Paris.Core.Membership;

/// <summary>One silo in the membership table. Times are UTC with all their ticks.</summary>
public sealed record MemberRow
{
    /// <summary><c>ip:port@generation</c>.</summary>
    public required string Silo { get; init; }

    /// <summary>The name of a <c>SiloStatus</c>: <c>Joining</c>, <c>Active</c>, <c>Dead</c> …</summary>
    public required string Status { get; init; }

    /// <summary>Who suspects this silo, and since when; null where nobody ever wrote a list.</summary>
    public IReadOnlyList<MemberVote>? SuspectTimes { get; init; }

    /// <summary>The port for clients; 0: no gateway.</summary>
    public int ProxyPort { get; init; }

    public string? HostName { get; init; }

    public string? SiloName { get; init; }

    public string? RoleName { get; init; }

    public int UpdateZone { get; init; }

    public int FaultZone { get; init; }

    public DateTime StartTime { get; init; }

    /// <summary>As of the last write of the row; the heartbeat blob is newer.</summary>
    public DateTime IAmAliveTime { get; init; }

    public bool IsDead => Status == DeadStatus;

    public const string DeadStatus = "Dead";

    public const string ActiveStatus = "Active";

    public const string JoiningStatus = "Joining";
}

/// <summary>One silo's vote that another is dead.</summary>
public sealed record MemberVote(string Silo, DateTime Time);
