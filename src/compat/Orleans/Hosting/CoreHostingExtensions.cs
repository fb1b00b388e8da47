using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Hosting
{
    public static class CoreHostingExtensions
    {
        /// <summary>A cluster whose membership one of its silos keeps: for development and tests.</summary>
        public static ISiloBuilder UseLocalhostClustering(
            this ISiloBuilder builder,
            int siloPort = EndpointOptions.DEFAULT_SILO_PORT,
            int gatewayPort = EndpointOptions.DEFAULT_GATEWAY_PORT,
            IPEndPoint? primarySiloEndpoint = null,
            string serviceId = "dev",
            string clusterId = "dev")
        {
            builder.Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = IPAddress.Loopback;
                options.SiloPort = siloPort;
                options.GatewayPort = gatewayPort;
            });
            builder.Services.AddOptions<DevelopmentClusterMembershipOptions>().Configure<IOptions<EndpointOptions>>((options, endpoint) =>
                options.PrimarySiloEndpoint = primarySiloEndpoint ?? new IPEndPoint(endpoint.Value.AdvertisedIPAddress, endpoint.Value.SiloPort));
            ClusterOptionsDefaults.Add(builder.Services, serviceId, clusterId);
            return builder;
        }

        /// <summary>The in-process directory is strongly consistent anyway.</summary>
        [Experimental("ORLEANSEXP003")]
        public static ISiloBuilder AddDistributedGrainDirectory(this ISiloBuilder siloBuilder, string? name = null) => siloBuilder;

        /// <summary>Calls carry the current activity; the callee's is its child.</summary>
        public static ISiloBuilder AddActivityPropagation(this ISiloBuilder builder)
        {
            builder.Services.TryAddSingleton<ActivityPropagation>();
            return builder;
        }
    }

    public static class EndpointOptionsExtensions
    {
        public static ISiloBuilder ConfigureEndpoints(
            this ISiloBuilder builder, IPAddress advertisedIP, int siloPort, int gatewayPort, bool listenOnAnyHostAddress = false) =>
            builder.Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = advertisedIP;
                options.SiloPort = siloPort;
                options.GatewayPort = gatewayPort;
            });
    }

    public static class SiloBuilderStartupExtensions
    {
        /// <summary>Runs once the silo is active; a failure stops the silo's start.</summary>
        public static ISiloBuilder AddStartupTask(
            this ISiloBuilder builder, Func<IServiceProvider, CancellationToken, Task> startupTask, int stage = ServiceLifecycleStage.Active)
        {
            builder.Services.AddSingleton(new StartupTask(stage, startupTask));
            return builder;
        }
    }

    public static class PlacementStrategyExtensions
    {
        public static ISiloBuilder AddPlacementDirector<TStrategy, TDirector>(this ISiloBuilder builder)
            where TStrategy : PlacementStrategy, new()
            where TDirector : class, Runtime.Placement.IPlacementDirector
        {
            builder.Services.AddPlacementDirector<TStrategy, TDirector>();
            return builder;
        }

        public static void AddPlacementDirector<TStrategy, TDirector>(this IServiceCollection services)
            where TStrategy : PlacementStrategy, new()
            where TDirector : class, Runtime.Placement.IPlacementDirector
        {
            services.AddKeyedTransient<PlacementStrategy, TStrategy>(typeof(TStrategy).Name);
            services.AddKeyedSingleton<Runtime.Placement.IPlacementDirector, TDirector>(typeof(TStrategy));
        }
    }
}

namespace Orleans.Placement
{
    public static class PlacementFilterExtensions
    {
        public static IServiceCollection AddPlacementFilter<TFilter, TDirector>(this IServiceCollection services, ServiceLifetime strategyLifetime)
            where TFilter : PlacementFilterStrategy, new()
            where TDirector : class, IPlacementFilterDirector
        {
            services.Add(ServiceDescriptor.DescribeKeyed(typeof(PlacementFilterStrategy), typeof(TFilter).Name, typeof(TFilter), strategyLifetime));
            services.AddKeyedSingleton<IPlacementFilterDirector, TDirector>(typeof(TFilter));
            return services;
        }
    }
}

namespace Orleans.Runtime
{
    internal sealed record StartupTask(int Stage, Func<IServiceProvider, CancellationToken, Task> Run);
}

namespace Orleans
{
    /// <summary>Stages of a silo's start; it stops through them in reverse.</summary>
    public static class ServiceLifecycleStage
    {
        public const int ApplicationServices = 10000;

        public const int Active = 20000;
    }
}
