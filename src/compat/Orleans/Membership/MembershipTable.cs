using System.Net;
using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Where the silos of a cluster write down who they are. A silo of one process keeps its own row there, and refuses to start beside others'.</summary>
    public interface IMembershipTable
    {
        Task InitializeMembershipTable(bool tryInitTableVersion);

        Task DeleteMembershipTableEntries(string clusterId);

        Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate);

        Task<MembershipTableData> ReadRow(SiloAddress key);

        Task<MembershipTableData> ReadAll();

        Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion);

        Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion);

        Task UpdateIAmAlive(MembershipEntry entry);
    }

    [GenerateSerializer, Immutable]
    public sealed class TableVersion(int version, string eTag) : IEquatable<TableVersion>
    {
        [Id(0)]
        public int Version { get; } = version;

        [Id(1)]
        public string VersionEtag { get; } = eTag;

        /// <summary>The next version, to be written over the present one: its number rises, its ETag stays.</summary>
        public TableVersion Next() => new(Version + 1, VersionEtag);

        public bool Equals(TableVersion? other) => other is not null && Version == other.Version && VersionEtag == other.VersionEtag;

        public override bool Equals(object? obj) => Equals(obj as TableVersion);

        public override int GetHashCode() => HashCode.Combine(Version, VersionEtag);

        public override string ToString() => $"<{Version}, {VersionEtag}>";
    }

    [GenerateSerializer]
    public sealed class MembershipTableData
    {
        public MembershipTableData(List<Tuple<MembershipEntry, string>> list, TableVersion version)
        {
            Members = [.. list.OrderBy(x => x.Item1.Status == SiloStatus.Dead).ThenBy(x => x.Item1.SiloName, StringComparer.Ordinal)];
            Version = version;
        }

        public MembershipTableData(Tuple<MembershipEntry, string> tuple, TableVersion version)
        {
            Members = [tuple];
            Version = version;
        }

        public MembershipTableData(TableVersion version)
        {
            Members = [];
            Version = version;
        }

        [Id(0)]
        public IReadOnlyList<Tuple<MembershipEntry, string>> Members { get; private set; }

        [Id(1)]
        public TableVersion Version { get; private set; }

        public Tuple<MembershipEntry, string>? TryGet(SiloAddress silo) => Members.FirstOrDefault(x => x.Item1.SiloAddress.Equals(silo));
    }

    [GenerateSerializer]
    public sealed class MembershipEntry
    {
        [Id(0)]
        public SiloAddress SiloAddress { get; set; } = null!;

        [Id(1)]
        public SiloStatus Status { get; set; }

        [Id(2)]
        public List<Tuple<SiloAddress, DateTime>> SuspectTimes { get; set; } = null!;

        [Id(3)]
        public int ProxyPort { get; set; }

        [Id(4)]
        public string HostName { get; set; } = null!;

        [Id(5)]
        public string SiloName { get; set; } = null!;

        [Id(6)]
        public string RoleName { get; set; } = null!;

        [Id(7)]
        public int UpdateZone { get; set; }

        [Id(8)]
        public int FaultZone { get; set; }

        [Id(9)]
        public DateTime StartTime { get; set; }

        [Id(10)]
        public DateTime IAmAliveTime { get; set; }

        public override string ToString() => $"SiloAddress={SiloAddress} SiloName={SiloName} Status={Status}";
    }
}

namespace Orleans.Messaging
{
    /// <summary>Tells a client which silos take clients.</summary>
    public interface IGatewayListProvider
    {
        Task InitializeGatewayListProvider();

        Task<IList<Uri>> GetGateways();

        TimeSpan MaxStaleness { get; }

        [Obsolete("This attribute is no longer used and all providers are considered updatable")]
        bool IsUpdatable { get; }
    }
}

namespace Orleans.Runtime
{
    public static class Utils
    {
        public static Uri ToGatewayUri(this IPEndPoint ep) => new($"gwy.tcp://{ep}/0");

        public static Uri ToGatewayUri(this SiloAddress address) => new($"gwy.tcp://{address.Endpoint}/{address.Generation}");
    }
}
