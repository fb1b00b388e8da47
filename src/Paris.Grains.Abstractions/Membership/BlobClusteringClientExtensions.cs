using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Messaging;
using Paris.Core.Membership;

namespace Paris.Grains.Abstractions.Membership;

/// <summary>The client's half of blob clustering. It lives with the grain interfaces, so that a client loads no grains.</summary>
public static class BlobClusteringClientExtensions
{
    /// <summary>
    /// Finds the cluster (<see cref="ClusterOptions.ClusterId"/>) by the membership table in the host's <see cref="Core.Storage.IBlobStore"/>;
    /// the list of gateways is read anew every 10 s.
    /// </summary>
    public static IClientBuilder UseBlobClustering(this IClientBuilder builder, Action<BlobClusteringOptions>? configure = null)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddOptions<BlobClusteringOptions>().Configure(configure ?? (_ => { }));
        builder.Services.AddSingleton<IGatewayListProvider, BlobGatewayListProvider>();
        return builder.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(10));
    }
}
