using System.Text;
using OpenTelemetry.Metrics;

namespace OpenTelemetry.Exporter;

/// <summary>Turns one collection of the metrics into text when it is asked for (a pull exporter).</summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter(PrometheusAspNetCoreOptions options, TimeProvider time) : BaseExporter<Metric>, IPullMetricExporter
{
    private readonly Lock _gate = new();
    private byte[] _text = [];
    private byte[]? _served;
    private long _servedAt;

    public Func<int, bool>? Collect { get; set; }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        var metrics = new List<Metric>();
        foreach (var metric in batch)
        {
            metrics.Add(metric);
        }

        _text = Encoding.UTF8.GetBytes(PrometheusText.Write(metrics, options.DisableTotalNameSuffixForCounters));
        return ExportResult.Success;
    }

    /// <summary>The exposition; null when the collection failed. Scrapes within the cache time get the same text.</summary>
    internal byte[]? Scrape()
    {
        lock (_gate)
        {
            if (_served is not null && time.GetElapsedTime(_servedAt).TotalMilliseconds < options.ScrapeResponseCacheDurationMilliseconds)
            {
                return _served;
            }

            _text = [];
            if (Collect?.Invoke(Timeout.Infinite) != true)
            {
                return null;
            }

            _served = _text;
            _servedAt = time.GetTimestamp();
            return _served;
        }
    }
}
