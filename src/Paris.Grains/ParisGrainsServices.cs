using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Paris.Grains;

/// <summary>What the grains need beside Orleans: a store, this silo's device agent, and this.</summary>
public static class ParisGrainsServices
{
    public static IServiceCollection AddParisGrains(this IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ParisInstruments>();
        services.TryAddSingleton(new SchedulingOptions());
        services.TryAddSingleton(new RebalanceOptions());
        services.TryAddSingleton(new RetryBudgetOptions
        {
            // A killed worker trains again within three seconds.
            Crash = new RetryAllowance(5, TimeSpan.FromSeconds(0.25), TimeSpan.FromMinutes(1)),
        });
        return services;
    }
}
