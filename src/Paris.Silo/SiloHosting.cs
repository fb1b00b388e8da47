using System.Net;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;
using Paris.Core.Faults;
using Paris.Silo.Chaos;
using Paris.Silo.Devices;

namespace Paris.Silo;

/// <summary>Adds a Paris silo to a host: Orleans, the grains, the store and the device agent.</summary>
public static class SiloHosting
{
    /// <summary>
    /// Adds the silo. The drain budget: longest step and upload &lt; deactivation 45 s &lt; shutdown 60 s &lt; the platform's grace period.
    /// </summary>
    /// <exception cref="ParisInputException">The settings cannot work, or the store cannot be opened.</exception>
    public static IHostApplicationBuilder AddParisSilo(this IHostApplicationBuilder builder, SiloSettings settings)
    {
        settings.Validate();
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
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(60));

        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(
                settings.SiloPort,
                settings.GatewayPort,
                settings.PrimaryPort is { } primary ? new IPEndPoint(IPAddress.Loopback, primary) : null,
                settings.ServiceId,
                settings.ClusterId);
            silo.AddDistributedGrainDirectory();
            silo.AddActivityPropagation();
            silo.Configure<SiloOptions>(options => options.SiloName = settings.Name);
            silo.Configure<EndpointOptions>(options =>
            {
                options.SiloListeningEndpoint = new IPEndPoint(listen, settings.SiloPort);
                options.GatewayListeningEndpoint = new IPEndPoint(listen, settings.GatewayPort);
            });
            silo.Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = TimeSpan.FromSeconds(2);
                options.NumMissedProbesLimit = 3;
                options.NumVotesForDeathDeclaration = 2;
                options.EnableIndirectProbes = false;
                options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
                options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
                options.MaxJoinAttemptTime = TimeSpan.FromMinutes(2);
            });
            silo.Configure<GrainCollectionOptions>(options => options.DeactivationTimeout = TimeSpan.FromSeconds(45));
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
