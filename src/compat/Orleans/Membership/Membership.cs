using System.Collections.Immutable;

namespace Orleans.Runtime
{
    [GenerateSerializer]
    public enum SiloStatus
    {
        None = 0,
        Created = 1,
        Joining = 2,
        Active = 3,
        ShuttingDown = 4,
        Stopping = 5,
        Dead = 6,
    }

    public interface ILocalSiloDetails
    {
        string Name { get; }

        string ClusterId { get; }

        string DnsHostName { get; }

        SiloAddress SiloAddress { get; }

        SiloAddress GatewayAddress { get; }
    }

    [GenerateSerializer, Immutable]
    public readonly struct MembershipVersion(long version) : IComparable<MembershipVersion>, IEquatable<MembershipVersion>
    {
        public static MembershipVersion MinValue => new(long.MinValue);

        [Id(0)]
        public long Value { get; init; } = version;

        public int CompareTo(MembershipVersion other) => Value.CompareTo(other.Value);

        public bool Equals(MembershipVersion other) => Value == other.Value;

        public override bool Equals(object? obj) => obj is MembershipVersion other && Equals(other);

        public override int GetHashCode() => Value.GetHashCode();

        public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);

        public static bool operator ==(MembershipVersion left, MembershipVersion right) => left.Value == right.Value;

        public static bool operator !=(MembershipVersion left, MembershipVersion right) => left.Value != right.Value;

        public static bool operator <(MembershipVersion left, MembershipVersion right) => left.Value < right.Value;

        public static bool operator >(MembershipVersion left, MembershipVersion right) => left.Value > right.Value;

        public static bool operator <=(MembershipVersion left, MembershipVersion right) => left.Value <= right.Value;

        public static bool operator >=(MembershipVersion left, MembershipVersion right) => left.Value >= right.Value;
    }

    [GenerateSerializer, Immutable]
    public sealed class ClusterMember(SiloAddress siloAddress, SiloStatus status, string name) : IEquatable<ClusterMember>
    {
        [Id(0)]
        public SiloAddress SiloAddress { get; } = siloAddress;

        [Id(1)]
        public SiloStatus Status { get; } = status;

        [Id(2)]
        public string Name { get; } = name;

        public bool Equals(ClusterMember? other) =>
            other is not null && SiloAddress.Equals(other.SiloAddress) && Status == other.Status && Name == other.Name;

        public override bool Equals(object? obj) => Equals(obj as ClusterMember);

        public override int GetHashCode() => SiloAddress.GetHashCode();

        public override string ToString() => $"{SiloAddress}/{Name}/{Status}";
    }

    [GenerateSerializer, Immutable]
    public sealed class ClusterMembershipSnapshot(ImmutableDictionary<SiloAddress, ClusterMember> members, MembershipVersion version)
    {
        [Id(0)]
        public ImmutableDictionary<SiloAddress, ClusterMember> Members { get; } = members;

        [Id(1)]
        public MembershipVersion Version { get; } = version;

        public SiloStatus GetSiloStatus(SiloAddress silo) =>
            Members.TryGetValue(silo, out var member) ? member.Status
            : Members.Keys.Any(other => other.IsSuccessorOf(silo)) ? SiloStatus.Dead
            : SiloStatus.None;
    }

    /// <summary>The silos of the cluster and their changes.</summary>
    public interface IClusterMembershipService
    {
        ClusterMembershipSnapshot CurrentSnapshot { get; }

        /// <summary>The present snapshot, then every later one.</summary>
        IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates { get; }
    }

    public interface ISiloStatusOracle
    {
        SiloStatus CurrentStatus { get; }

        string SiloName { get; }

        SiloAddress SiloAddress { get; }

        SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress);

        Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false);

        bool IsDeadSilo(SiloAddress silo);

        /// <returns>False when the listener was subscribed before.</returns>
        bool SubscribeToSiloStatusEvents(ISiloStatusListener observer);

        /// <returns>False when the listener was not subscribed.</returns>
        bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer);
    }

    /// <summary>Hears of every silo's changes of status.</summary>
    public interface ISiloStatusListener
    {
        void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status);
    }

    /// <summary>Questions to the whole cluster; the key is 0.</summary>
    public interface IManagementGrain : IGrainWithIntegerKey
    {
        Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false);

        Task<int> GetTotalActivationCount();

        /// <summary>The silo of a grain's activation, or null where it has none.</summary>
        ValueTask<SiloAddress> GetActivationAddress(IAddressable reference);

        /// <summary>Drops every activation that is idle for longer.</summary>
        Task ForceActivationCollection(TimeSpan ageLimit);
    }
}

namespace Orleans.Runtime.MembershipService.SiloMetadata
{
    /// <summary>What a silo says of itself for its whole life, as text.</summary>
    [GenerateSerializer]
    public record SiloMetadata
    {
        public static SiloMetadata Empty { get; } = new();

        [Id(0)]
        public ImmutableDictionary<string, string> Metadata { get; private set; } = ImmutableDictionary<string, string>.Empty;

        internal void AddMetadata(IEnumerable<KeyValuePair<string, string>> metadata) => Metadata = Metadata.SetItems(metadata);
    }

    public interface ISiloMetadataCache
    {
        SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
    }
}
