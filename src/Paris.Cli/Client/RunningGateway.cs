using Paris.Core.Rest;
using Paris.Gateway.Security;

namespace Paris.Cli.Client;

/// <summary>The gateway that already serves a store, if any: two of them would drive the same jobs.</summary>
internal static class RunningGateway
{
    /// <summary>The address in the store's <c>gateway.json</c> if something answers there.</summary>
    public static async Task<GatewayAddress?> FindAsync(string storeFolder, CancellationToken cancellationToken)
    {
        if (GatewayAddressFile.Read(storeFolder) is not { } address)
        {
            return null;
        }

        try
        {
            using var client = new GatewayClient(address.Url, address.Token);
            _ = await client.GetClusterAsync(cancellationToken).WaitAsync(TimeSpan.FromSeconds(5), cancellationToken);
            return address;
        }
        catch (GatewayException e)
        {
            // It answers, but not us: still a gateway. Silence is a killed one's leftover.
            return e.Status is 401 or 403 ? address : null;
        }
        catch (TimeoutException)
        {
            return address;
        }
    }
}
