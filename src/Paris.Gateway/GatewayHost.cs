using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenTelemetry.Metrics;
using Paris.Core;
using Paris.Core.Rest;
using Paris.Gateway.Api;
using Paris.Gateway.Chaos;
using Paris.Gateway.Page;
using Paris.Gateway.Runs;
using Paris.Gateway.Security;

namespace Paris.Gateway;

/// <summary>
/// The gateway in a web application: alone in its process as a client of a cluster, or beside a silo (<c>paris up</c>). The host must
/// offer an <see cref="Orleans.IGrainFactory"/> and an <see cref="Core.Storage.IBlobStore"/>.
/// </summary>
public static class GatewayHost
{
    /// <summary>The meter whose instruments <c>/metrics</c> shows.</summary>
    public const string MeterName = "Paris";

    /// <summary>Adds the services of the gateway and binds its address.</summary>
    /// <exception cref="ParisInputException">The options would serve plain HTTP to a network, or are otherwise unusable.</exception>
    public static WebApplicationBuilder AddParisGateway(this WebApplicationBuilder builder, GatewayOptions options)
    {
        options.Validate();
        builder.WebHost.UseUrls(options.Url);
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 4 << 20;
        });
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(new GatewayKeys(options.Token));
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<IRunService, GrainRunService>();
        builder.Services.TryAddSingleton<IChaosService, GrainChaosService>();
        builder.Services.TryAddSingleton<ISourceCheck, RemoteSourceCheck>();
        builder.Services.TryAddSingleton(ClusterConnection.Local);
        builder.Services.ConfigureHttpJsonOptions(json => RestJson.Configure(json.SerializerOptions));
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(MeterName).AddPrometheusExporter());
        return builder;
    }

    /// <summary>Maps everything the gateway serves: <c>/</c>, <c>/api/v1</c>, <c>/metrics</c>, <c>/healthz</c>, <c>/readyz</c>, <c>/signin</c>.</summary>
    public static WebApplication MapParisGateway(this WebApplication app)
    {
        app.UseMiddleware<RequestGuard>();
        app.MapGet("/healthz", () => Results.Text("ok"));
        app.MapGet("/readyz", (ClusterConnection cluster, IServiceProvider services) => cluster.NotReady(services.GetService<Orleans.IGrainFactory>()) is { } reason
            ? Results.Text(reason, statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Text("ok"));
        app.MapPrometheusScrapingEndpoint();
        app.MapParisApi();
        app.MapPage();
        return app;
    }

    /// <summary>
    /// Starts the application and says where it listens; with a <see cref="GatewayOptions.StoreFolder"/> also in <c>gateway.json</c>,
    /// until it stops.
    /// </summary>
    /// <exception cref="ParisInputException">The address is taken or not this machine's.</exception>
    public static async Task<GatewayAddress> StartParisGatewayAsync(this WebApplication app, CancellationToken cancellationToken = default)
    {
        var options = app.Services.GetRequiredService<GatewayOptions>();
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new ParisInputException($"{options.Url} is in use; stop what listens there or choose another port.", e);
        }
        catch (SocketException e)
        {
            throw new ParisInputException($"{options.Url} cannot be bound ({e.SocketErrorCode}); choose an address and port of this machine.", e);
        }

        var bound = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var address = new GatewayAddress(bound, app.Services.GetRequiredService<GatewayKeys>().Token, Environment.ProcessId);
        if (options.StoreFolder is { } folder)
        {
            GatewayAddressFile.Write(folder, address);
            app.Lifetime.ApplicationStopped.Register(() => GatewayAddressFile.Remove(folder, address));
        }

        return address;
    }
}
