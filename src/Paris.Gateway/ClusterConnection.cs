using Orleans;
using Orleans.Hosting;
using Paris.Grains.Abstractions;

namespace Paris.Gateway;

/// <summary>How many silos the Orleans client of this process is connected to; beside a silo there is no client, and always a connection.</summary>
public sealed class ClusterConnection
{
    private volatile int _gateways;
    private volatile string _reason = "";

    /// <summary>Null as long as calls can reach the cluster; else one sentence.</summary>
    /// <param name="grains">The client's; null does not ask whether it knows the grains.</param>
    public string? NotReady(IGrainFactory? grains = null) => (_gateways, _reason) switch
    {
        (> 0, _) => grains is null || Knows(grains) ? null : "a silo is connected, its grains are not known yet",
        (_, "") => "no silo is connected",
        _ => $"no silo is connected: {_reason}",
    };

    /// <summary>A connection that needs no network.</summary>
    public static ClusterConnection Local { get; } = new() { _gateways = 1 };

    /// <summary>Follows the client, and lets it wait for the first silo for as long as there is none.</summary>
    public void Follow(IClientBuilder client, TimeProvider time)
    {
        client.AddGatewayCountChangedHandler((_, change) => _gateways = change.NumberOfConnectedGateways);
        client.UseConnectionRetryFilter(async (exception, cancellationToken) =>
        {
            _reason = exception.Message;
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
            return true;
        });
    }

    /// <summary>A client learns which grains there are a moment after it has found its first silo. Making a reference calls nobody.</summary>
    private static bool Knows(IGrainFactory grains)
    {
        try
        {
            grains.GetGrain<IRunGrain>("readyz");
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
