using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Stand-in for the class of the same name in OpenTelemetry.Exporter.Prometheus.AspNetCore.</summary>
public static class PrometheusExporterEndpointRouteBuilderExtensions
{
    private const string ContentType = "text/plain; charset=utf-8; version=0.0.4";

    /// <summary>Serves the metrics at the path of the options, <c>/metrics</c> by default.</summary>
    public static IEndpointConventionBuilder MapPrometheusScrapingEndpoint(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var options = endpoints.ServiceProvider.GetRequiredService<IOptions<PrometheusAspNetCoreOptions>>().Value;
        return endpoints.MapPrometheusScrapingEndpoint(options.ScrapeEndpointPath ?? "/metrics");
    }

    /// <summary>Serves the metrics at <paramref name="path"/>.</summary>
    public static IEndpointConventionBuilder MapPrometheusScrapingEndpoint(this IEndpointRouteBuilder endpoints, string path)
    {
        ArgumentNullException.ThrowIfNull(endpoints);

        // The provider creates the readers; without it nothing would ever be collected.
        _ = endpoints.ServiceProvider.GetRequiredService<MeterProvider>();
        var exporter = endpoints.ServiceProvider.GetService<PrometheusExporter>()
            ?? throw new ArgumentException("A Prometheus exporter is not added to the meter provider: call AddPrometheusExporter.");
        return endpoints.MapGet(path, async (HttpContext context) =>
        {
            var text = exporter.Scrape();
            if (text is null)
            {
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                return;
            }

            context.Response.ContentType = ContentType;
            await context.Response.Body.WriteAsync(text, context.RequestAborted).ConfigureAwait(false);
        });
    }
}
