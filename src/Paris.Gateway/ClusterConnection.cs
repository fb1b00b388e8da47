using Orleans.Hosting;

namespace Paris.Gateway;

/// <summary>How many silos the Orleans client of this process is connected to; beside a silo there is no client, and always a connection.</summary>
public sealed class ClusterConnection
{
    private volatile int _gateways;
    private volatile string _reason = "";

    /// <summary>Null as long as calls can reach the cluster; else one sentence.</summary>
    public string? NotReady() => _gateways > 0 ? null : _reason.Length > 0 ? $"no silo is connected: {_reason}" : "no silo is connected";

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
}
