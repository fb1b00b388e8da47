using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;
using Paris.Core.Membership;
using Paris.Core.Storage;

namespace Paris.Grains.Abstractions.Membership;

/// <summary>Tells a client which silos take clients, from the membership table in the store.</summary>
internal sealed class BlobGatewayListProvider(IBlobStore store, IOptions<ClusterOptions> cluster, IOptions<GatewayOptions> gateway, IOptions<BlobClusteringOptions> options, TimeProvider time) : IGatewayListProvider
{
    private readonly MembershipBlob _table = new(store, new ClusterBlobs(cluster.Value.ClusterId));
    private volatile bool _seen;

    /// <inheritdoc/>
    public TimeSpan MaxStaleness => gateway.Value.GatewayListRefreshPeriod;

    /// <inheritdoc/>
    [Obsolete("Orleans asks no longer.")]
    public bool IsUpdatable => true;

    /// <inheritdoc/>
    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    /// <summary>The active silos with a gateway; none where the cluster has not started yet.</summary>
    /// <exception cref="StorageFaultException">The store does not answer, or the table was there and is gone: the client keeps the list it has.</exception>
    public async Task<IList<Uri>> GetGateways()
    {
        using var limit = new CancellationTokenSource(options.Value.CallTimeout, time);
        if (!_seen && await _table.FindAsync(limit.Token).ConfigureAwait(false) is null)
        {
            return [];
        }

        var (document, _) = await _table.ReadAsync(limit.Token).ConfigureAwait(false);
        _seen = true;
        return [.. document.Rows
            .Where(row => row.Status == nameof(SiloStatus.Active) && row.ProxyPort != 0)
            .Select(row => (Silo: SiloAddress.FromParsableString(row.Silo), row.ProxyPort))
            .Select(x => SiloAddress.New(x.Silo.Endpoint.Address, x.ProxyPort, x.Silo.Generation).ToGatewayUri())];
    }
}
