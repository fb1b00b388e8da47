using Orleans.Configuration;
using Orleans.Hosting;
using Paris.Core;
using Paris.Core.Storage;
using Paris.Grains.Abstractions.Membership;

namespace Paris.Gateway;

/// <summary>
/// The gateway alone in its process, as a client of a cluster: settings from <c>appsettings.json</c> (sections <c>Paris</c> and
/// <c>Gateway</c>), environment (<c>Paris__Store</c>, <c>Gateway__Url</c> …) and arguments, the later ones winning.
/// </summary>
public static class GatewayProgram
{
    /// <summary>Runs until SIGTERM or Ctrl-C. It serves before it has found a silo, and goes on when silos go. Exit code 2: the settings cannot work.</summary>
    /// <param name="args">See <c>--help</c>.</param>
    /// <param name="encrypt">Encrypts what is said to silos; null: nothing does.</param>
    public static async Task<int> RunAsync(string[] args, Action<IClientBuilder>? encrypt = null)
    {
        if (ProgramArguments.AskForHelp(args))
        {
            await Console.Out.WriteAsync(GatewayArguments.All.Help());
            return 0;
        }

        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
            builder.Configuration.AddInMemoryCollection(GatewayArguments.All.Parse(args));
            await using var app = Build(builder, encrypt);
            var address = await app.StartParisGatewayAsync();
            var options = app.Services.GetRequiredService<GatewayOptions>();
            Console.WriteLine($"page and API: {address.Url}");
            if (options is { Token: null, StoreFolder: null })
            {
                // A container is no place for a token: whoever started this sees it once.
                Console.WriteLine($"for clients: export PARIS_URL={address.Url} PARIS_TOKEN={address.Token}");
            }

            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (ParisInputException e)
        {
            await Console.Error.WriteLineAsync($"paris-gateway: {e.Message}");
            return 2;
        }
        catch (OperationCanceledException)
        {
            // Asked to stop before it had found a silo.
            return 0;
        }
    }

    private static WebApplication Build(WebApplicationBuilder builder, Action<IClientBuilder>? encrypt)
    {
        var configuration = builder.Configuration;
        var options = configuration.GetSection(GatewayOptions.Section).Get<GatewayOptions>() ?? new GatewayOptions();
        var location = configuration["Paris:Store"] ?? throw new ParisInputException("No store is given; use --store DIRECTORY, or Paris__Store in the environment.");
        var blob = (configuration["Paris:Clustering"] ?? "blob") switch
        {
            "blob" => true,
            "none" when configuration["Orleans:Clustering:ProviderType"] is not null => false,
            "none" => throw new ParisInputException("Clustering is 'none', and Orleans:Clustering:ProviderType names no other; set it (Orleans__Clustering__ProviderType=Redis …), or leave Clustering out."),
            var other => throw new ParisInputException($"Clustering is '{other}'; use 'blob' (silos are found through the store) or 'none' (Orleans:Clustering of the configuration)."),
        };
        options.Validate();
        var store = BlobStoreFactory.Open(location, TimeProvider.System);
        options.StoreFolder ??= (store as LocalBlobStore)?.Root;
        var connection = new ClusterConnection();
        builder.Services.AddSingleton(connection);
        builder.AddParisGateway(options);
        builder.Services.AddSingleton(store);

        // The port answers (/healthz, /readyz) while the client still looks for a silo.
        builder.Services.Configure<HostOptions>(host => host.ServicesStartConcurrently = true);
        builder.UseOrleansClient(client =>
        {
            if (blob)
            {
                client.UseBlobClustering();
            }

            client.Configure<ClusterOptions>(cluster =>
            {
                cluster.ClusterId = configuration["Paris:ClusterId"] ?? "paris";
                cluster.ServiceId = configuration["Paris:ServiceId"] ?? "paris";
            });
            client.AddActivityPropagation();
            connection.Follow(client, TimeProvider.System);
            encrypt?.Invoke(client);
        });
        var app = builder.Build();
        app.MapParisGateway();
        return app;
    }
}
