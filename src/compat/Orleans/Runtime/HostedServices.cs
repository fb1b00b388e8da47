using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>Ties the silo's life to its host's.</summary>
internal sealed class SiloHostedService(InProcessSilo silo) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => silo.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => silo.StopAsync(cancellationToken);
}

/// <summary>Connects the client when its host starts, trying again as the retry filter says.</summary>
internal sealed class ClientHostedService(InProcessClient client, IServiceProvider services) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (services.GetService<IGatewayListProvider>() is { } gateways)
                {
                    await gateways.InitializeGatewayListProvider().ConfigureAwait(false);
                    if ((await gateways.GetGateways().ConfigureAwait(false)).Count == 0)
                    {
                        throw new SiloUnavailableException($"Could not find any gateway in '{gateways.GetType().FullName}'. Orleans client cannot initialize until at least one gateway becomes available.");
                    }
                }

                client.Entry();
                Notify(1, 0);
                return;
            }
            catch (SiloUnavailableException exception)
            {
                if (services.GetService<IClientConnectionRetryFilter>() is not { } filter
                    || !await filter.ShouldRetryConnectionAttempt(exception, cancellationToken).ConfigureAwait(false))
                {
                    throw;
                }
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        client.Stop();
        Notify(0, 1);
        return Task.CompletedTask;
    }

    private void Notify(int current, int previous)
    {
        foreach (var handler in services.GetServices<GatewayCountChangedHandler>())
        {
            handler(client, new GatewayCountChangedEventArgs(current, previous));
        }
    }
}
