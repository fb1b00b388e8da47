namespace OpenTelemetry.Exporter;

/// <summary>Stand-in for the options of the Prometheus exporter for ASP.NET Core.</summary>
public class PrometheusAspNetCoreOptions
{
    /// <summary>Where the scraping endpoint is mapped when no path is given.</summary>
    public string? ScrapeEndpointPath { get; set; } = "/metrics";

    /// <summary>Leaves <c>_total</c> off the names of counters.</summary>
    public bool DisableTotalNameSuffixForCounters { get; set; }

    /// <summary>Scrapes within this time get the same answer; 0 collects for every scrape.</summary>
    public int ScrapeResponseCacheDurationMilliseconds { get; set; } = 300;
}
