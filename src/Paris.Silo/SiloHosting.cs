using System.Net;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;
using Paris.Core.Faults;
using Paris.Grains.Membership;
using Paris.Silo.Chaos;
using Paris.Silo.Devices;

namespace Paris.Silo;

/// <summary>Adds a Paris silo to a host: Orleans, the grains, the store and the device agent.</summary>
public static class SiloHosting
{
    /// <summary>
    /// Adds the silo. The drain budget: a worker's last commit (<see cref="SiloSettings.StopGrace"/>, 30 s) &lt; its grain's leave (45 s) &lt;
    /// the process's end (60 s) &lt; the platform's grace period (75 s).
    /// </summary>
    /// <param name="builder">The host; its <see cref="IBlobStore"/>, if it has one, is used.</param>
    /// <param name="settings">What a person chose.</param>
    /// <param name="encrypt">Encrypts what the silo says to others; null: nothing does.</param>
    /// <exception cref="ParisInputException">The settings cannot work, or the store cannot be opened.</exception>
    public static IHostApplicationBuilder AddParisSilo(this IHostApplicationBuilder builder, SiloSettings settings, Action<ISiloBuilder>? encrypt = null)
    {
        settings.Validate(encrypted: encrypt is not null);
        if (settings.Clustering == SiloSettings.NoClustering && builder.Configuration["Orleans:Clustering:ProviderType"] is null)
        {
            throw new ParisInputException("Clustering is 'none', and Orleans:Clustering:ProviderType names no other; set it (Orleans__Clustering__ProviderType=Redis …), or leave Clustering out.");
        }

        FaultPoints.ArmFromEnvironment();
        var listen = IPAddress.Parse(settings.Listen);
        var services = builder.Services;
        services.AddSingleton(settings);
        services.TryAddSingleton(TimeProvider.System);
        if (settings.Store.Length > 0)
        {
            services.TryAddSingleton(BlobStoreFactory.Open(settings.Store));
        }

        services.TryAddSingleton(new RebalanceOptions { Enabled = settings.Rebalance });
        services.AddParisGrains();
        services.TryAddSingleton<ISlotDetector>(new SlotDetector(settings));
        services.AddSingleton<DeviceAgent>();
        services.AddSingleton<IDeviceAgent>(x => x.GetRequiredService<DeviceAgent>());
        services.AddSingleton<SiloHealth>();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.ShutdownTimeout);

        builder.UseOrleans(silo =>
        {
            if (settings.Clustering == SiloSettings.BlobClustering)
            {
                silo.UseBlobClustering();
            }

            silo.AddDistributedGrainDirectory();
            silo.AddActivityPropagation();
            silo.Configure<ClusterOptions>(options =>
            {
                options.ClusterId = settings.ClusterId;
                options.ServiceId = settings.ServiceId;
            });
            silo.Configure<SiloOptions>(options => options.SiloName = settings.Name);
            silo.Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = settings.Advertised;
                options.SiloPort = settings.SiloPort;
                options.GatewayPort = settings.GatewayPort;
                options.SiloListeningEndpoint = new IPEndPoint(listen, settings.SiloPort);
                options.GatewayListeningEndpoint = settings.GatewayPort == 0 ? null : new IPEndPoint(listen, settings.GatewayPort);
            });
            silo.Configure<GrainCollectionOptions>(options => options.DeactivationTimeout = settings.DeactivationTimeout);
            encrypt?.Invoke(silo);
        });

        // After Orleans: started when the silo is active, stopped before it leaves.
        services.AddHostedService(x => x.GetRequiredService<DeviceAgent>());
        if (settings.AllowChaos)
        {
            services.AddChaos();
        }

        return builder;
    }
}
