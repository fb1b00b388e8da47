using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;

namespace OpenTelemetry.Metrics;

/// <summary>Stand-in for the class of the same name in OpenTelemetry.Exporter.Prometheus.AspNetCore.</summary>
public static class PrometheusExporterMeterProviderBuilderExtensions
{
    /// <summary>Adds the Prometheus exporter; <c>MapPrometheusScrapingEndpoint</c> serves it.</summary>
    public static MeterProviderBuilder AddPrometheusExporter(this MeterProviderBuilder builder) => AddPrometheusExporter(builder, configure: null);

    /// <summary>Adds the Prometheus exporter with options.</summary>
    public static MeterProviderBuilder AddPrometheusExporter(this MeterProviderBuilder builder, Action<PrometheusAspNetCoreOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.ConfigureServices(services =>
        {
            services.AddOptions<PrometheusAspNetCoreOptions>();
            if (configure is not null)
            {
                services.Configure(configure);
            }

            services.TryAddSingleton(provider => new PrometheusExporter(
                provider.GetRequiredService<IOptions<PrometheusAspNetCoreOptions>>().Value,
                provider.GetService<TimeProvider>() ?? TimeProvider.System));
        });
        return builder.AddReader(provider => new BaseExportingMetricReader(provider.GetRequiredService<PrometheusExporter>())
        {
            TemporalityPreference = MetricReaderTemporalityPreference.Cumulative,
        });
    }
}
