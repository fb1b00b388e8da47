using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Microsoft.Extensions.Hosting;

public static class OrleansSiloGenericHostExtensions
{
    public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder) => hostAppBuilder.UseOrleans(_ => { });

    public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
    {
        AddOrleans(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    public static HostApplicationBuilder UseOrleans(this HostApplicationBuilder hostAppBuilder) => hostAppBuilder.UseOrleans(_ => { });

    public static HostApplicationBuilder UseOrleans(this HostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
    {
        AddOrleans(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<ISiloBuilder> configureDelegate) =>
        hostBuilder.UseOrleans((_, silo) => configureDelegate(silo));

    public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<HostBuilderContext, ISiloBuilder> configureDelegate) =>
        hostBuilder.ConfigureServices((context, services) => AddOrleans(services, context.Configuration, silo => configureDelegate(context, silo)));

    private static void AddOrleans(IServiceCollection services, IConfiguration configuration, Action<ISiloBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        if (services.All(service => service.ServiceType != typeof(InProcessSilo)))
        {
            if (services.Any(service => service.ServiceType == typeof(InProcessClient)))
            {
                throw new OrleansConfigurationException("Do not call both UseOrleans and UseOrleansClient in one host: a silo has its own client.");
            }

            services.AddLogging();
            services.AddOptions();
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton<InProcessSilo>();
            services.AddSingleton<ILocalSiloDetails>(provider => provider.GetRequiredService<InProcessSilo>());
            services.AddSingleton<IClusterMembershipService>(provider => provider.GetRequiredService<InProcessSilo>());
            services.AddSingleton<ISiloStatusOracle>(provider => provider.GetRequiredService<InProcessSilo>());
            services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<InProcessSilo>().Client);
            services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<InProcessSilo>().Client);
            services.AddHostedService<SiloHostedService>();
            services.Configure<ClusterOptions>(configuration.GetSection("Orleans"));
        }

        configure(new SiloBuilder(services, configuration));
    }
}

public static class OrleansClientGenericHostExtensions
{
    public static IHostApplicationBuilder UseOrleansClient(this IHostApplicationBuilder hostAppBuilder) => hostAppBuilder.UseOrleansClient(_ => { });

    public static IHostApplicationBuilder UseOrleansClient(this IHostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
    {
        AddOrleansClient(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    public static HostApplicationBuilder UseOrleansClient(this HostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
    {
        AddOrleansClient(hostAppBuilder.Services, hostAppBuilder.Configuration, configureDelegate);
        return hostAppBuilder;
    }

    public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder, Action<IClientBuilder> configureDelegate) =>
        hostBuilder.ConfigureServices((context, services) => AddOrleansClient(services, context.Configuration, configureDelegate));

    private static void AddOrleansClient(IServiceCollection services, IConfiguration configuration, Action<IClientBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        if (services.Any(service => service.ServiceType == typeof(InProcessSilo)))
        {
            throw new OrleansConfigurationException("Do not call both UseOrleans and UseOrleansClient in one host: a silo has its own client.");
        }

        if (services.All(service => service.ServiceType != typeof(InProcessClient)))
        {
            services.AddLogging();
            services.AddOptions();
            services.TryAddSingleton(TimeProvider.System);
            services.AddSingleton<InProcessClient>();
            services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<InProcessClient>());
            services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<InProcessClient>());
            services.AddHostedService<ClientHostedService>();
            services.Configure<ClusterOptions>(configuration.GetSection("Orleans"));
        }

        configure(new ClientBuilder(services, configuration));
    }
}
