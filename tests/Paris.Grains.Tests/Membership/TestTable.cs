using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;
using Paris.Core.Membership;
using Paris.Core.Storage;
using Paris.Grains.Abstractions.Membership;
using Paris.Grains.Membership;

namespace Paris.Grains.Tests.Membership;

/// <summary>The membership table as one silo of the cluster <c>test</c> has it.</summary>
internal sealed class TestTable(IBlobStore store, SiloAddress self, TimeProvider? time = null, BlobClusteringOptions? options = null) : IMembershipTable, IDisposable
{
    private static readonly IOptions<ClusterOptions> Cluster = Options.Create(new ClusterOptions { ClusterId = "test", ServiceId = "test" });

    private readonly BlobMembershipTable _table = new(store, Cluster, new Details(self), Options.Create(options ?? new()), time ?? TimeProvider.System, NullLogger<BlobMembershipTable>.Instance);

    public TestTable(IBlobStore store, int silo, TimeProvider? time = null)
        : this(store, MembershipContract.Address(silo), time)
    {
    }

    public static IGatewayListProvider Gateways(IBlobStore store)
        => new BlobGatewayListProvider(store, Cluster, Options.Create(new GatewayOptions { GatewayListRefreshPeriod = TimeSpan.FromSeconds(10) }), Options.Create(new BlobClusteringOptions()), TimeProvider.System);

    public Task InitializeMembershipTable(bool tryInitTableVersion) => _table.InitializeMembershipTable(tryInitTableVersion);

    public Task DeleteMembershipTableEntries(string clusterId) => _table.DeleteMembershipTableEntries(clusterId);

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => _table.CleanupDefunctSiloEntries(beforeDate);

    public Task<MembershipTableData> ReadRow(SiloAddress key) => _table.ReadRow(key);

    public Task<MembershipTableData> ReadAll() => _table.ReadAll();

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => _table.InsertRow(entry, tableVersion);

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => _table.UpdateRow(entry, etag, tableVersion);

    public Task UpdateIAmAlive(MembershipEntry entry) => _table.UpdateIAmAlive(entry);

    public void Dispose() => _table.Dispose();

    private sealed class Details(SiloAddress address) : ILocalSiloDetails
    {
        public string Name => address.ToString();

        public string ClusterId => "test";

        public string DnsHostName => "host";

        public SiloAddress SiloAddress => address;

        public SiloAddress GatewayAddress => address;
    }
}
