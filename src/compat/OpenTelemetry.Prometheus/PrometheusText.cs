using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace OpenTelemetry.Exporter;

/// <summary>
/// The Prometheus text format 0.0.4, with names by the OpenTelemetry rules for Prometheus: characters outside
/// <c>[a-zA-Z0-9_:]</c> become one underscore, the UCUM unit is spelled out and appended (<c>s</c> → <c>_seconds</c>), annotations in
/// braces are dropped, counters end in <c>_total</c>. Samples carry no time of their own.
/// </summary>
internal static class PrometheusText
{
    private static readonly Dictionary<string, string> s_units = new(StringComparer.Ordinal)
    {
        ["d"] = "days",
        ["h"] = "hours",
        ["min"] = "minutes",
        ["s"] = "seconds",
        ["ms"] = "milliseconds",
        ["us"] = "microseconds",
        ["ns"] = "nanoseconds",
        ["By"] = "bytes",
        ["KiBy"] = "kibibytes",
        ["MiBy"] = "mebibytes",
        ["GiBy"] = "gibibytes",
        ["TiBy"] = "tibibytes",
        ["KBy"] = "kilobytes",
        ["MBy"] = "megabytes",
        ["GBy"] = "gigabytes",
        ["TBy"] = "terabytes",
        ["B"] = "bytes",
        ["KB"] = "kilobytes",
        ["MB"] = "megabytes",
        ["GB"] = "gigabytes",
        ["TB"] = "terabytes",
        ["m"] = "meters",
        ["V"] = "volts",
        ["A"] = "amperes",
        ["J"] = "joules",
        ["W"] = "watts",
        ["g"] = "grams",
        ["Cel"] = "celsius",
        ["Hz"] = "hertz",
        ["%"] = "percent",
        ["$"] = "dollars",
    };

    private static readonly Dictionary<string, string> s_per = new(StringComparer.Ordinal)
    {
        ["s"] = "second",
        ["m"] = "minute",
        ["h"] = "hour",
        ["d"] = "day",
        ["w"] = "week",
        ["mo"] = "month",
        ["y"] = "year",
    };

    /// <summary>The exposition of all metrics, one family for each name.</summary>
    public static string Write(IEnumerable<Metric> metrics, bool disableTotal)
    {
        var text = new StringBuilder();
        foreach (var family in metrics
            .Where(m => m.MetricType != MetricType.ExponentialHistogram)
            .GroupBy(m => (Name: Name(m.Name, m.Unit, Type(m.MetricType), disableTotal), Type: Type(m.MetricType))))
        {
            var first = family.First();
            text.Append("# TYPE ").Append(family.Key.Name).Append(' ').Append(family.Key.Type).Append('\n');
            if (!string.IsNullOrEmpty(first.Description))
            {
                text.Append("# HELP ").Append(family.Key.Name).Append(' ').Append(EscapeHelp(first.Description)).Append('\n');
            }

            foreach (var metric in family)
            {
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    WritePoint(text, family.Key.Name, metric, in point);
                }
            }
        }

        return text.ToString();
    }

    /// <summary>The Prometheus name of an instrument.</summary>
    public static string Name(string name, string? unit, string type, bool disableTotal = false)
    {
        var result = Sanitize(name);
        var suffix = Unit(unit);
        if (suffix is not null && !result.EndsWith(suffix, StringComparison.Ordinal))
        {
            result += "_" + suffix;
        }

        if (type == "counter" && !disableTotal && !result.EndsWith("_total", StringComparison.Ordinal))
        {
            result += "_total";
        }

        return result;
    }

    private static string Type(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.Histogram => "histogram",
        _ => "gauge",
    };

    private static void WritePoint(StringBuilder text, string name, Metric metric, in MetricPoint point)
    {
        var labels = Labels(metric, point.Tags);
        switch (metric.MetricType)
        {
            case MetricType.Histogram:
                long cumulative = 0;
                foreach (var bucket in point.GetHistogramBuckets())
                {
                    cumulative += bucket.BucketCount;
                    text.Append(name).Append("_bucket{").Append(labels).Append(",le=\"").Append(Number(bucket.ExplicitBound)).Append("\"} ")
                        .Append(cumulative.ToString(CultureInfo.InvariantCulture)).Append('\n');
                }

                Sample(text, name + "_sum", labels, Number(point.GetHistogramSum()));
                Sample(text, name + "_count", labels, point.GetHistogramCount().ToString(CultureInfo.InvariantCulture));
                break;
            case MetricType.LongSum or MetricType.LongSumNonMonotonic:
                Sample(text, name, labels, point.GetSumLong().ToString(CultureInfo.InvariantCulture));
                break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic:
                Sample(text, name, labels, Number(point.GetSumDouble()));
                break;
            case MetricType.LongGauge:
                Sample(text, name, labels, point.GetGaugeLastValueLong().ToString(CultureInfo.InvariantCulture));
                break;
            default:
                Sample(text, name, labels, Number(point.GetGaugeLastValueDouble()));
                break;
        }
    }

    private static void Sample(StringBuilder text, string name, string labels, string value)
        => text.Append(name).Append('{').Append(labels).Append("} ").Append(value).Append('\n');

    private static string Labels(Metric metric, ReadOnlyTagCollection tags)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in tags)
        {
            var key = LabelName(tag.Key);
            var value = tag.Value switch
            {
                null => "",
                bool flag => flag ? "true" : "false",
                IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
                _ => tag.Value.ToString() ?? "",
            };

            // Two tags that become one label are joined, as the specification asks.
            labels[key] = labels.TryGetValue(key, out var other) ? other + ";" + value : value;
        }

        var text = new StringBuilder();
        text.Append("otel_scope_name=\"").Append(EscapeLabel(metric.MeterName)).Append('"');
        if (!string.IsNullOrEmpty(metric.MeterVersion))
        {
            text.Append(",otel_scope_version=\"").Append(EscapeLabel(metric.MeterVersion)).Append('"');
        }

        foreach (var (key, value) in labels)
        {
            text.Append(',').Append(key).Append("=\"").Append(EscapeLabel(value)).Append('"');
        }

        return text.ToString();
    }

    private static string Sanitize(string name)
    {
        var text = new StringBuilder(name.Length + 1);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is ':')
            {
                if (text.Length == 0 && char.IsAsciiDigit(c))
                {
                    text.Append('_');
                }

                text.Append(c);
            }
            else if (text.Length == 0 || text[^1] != '_')
            {
                text.Append('_');
            }
        }

        return text.ToString();
    }

    private static string LabelName(string key)
    {
        var text = new StringBuilder(key.Length + 1);
        foreach (var c in key)
        {
            if (text.Length == 0 && char.IsAsciiDigit(c))
            {
                text.Append('_');
            }

            text.Append(char.IsAsciiLetterOrDigit(c) || c is '_' ? c : '_');
        }

        return text.Length == 0 ? "_" : text.ToString();
    }

    private static string? Unit(string? unit)
    {
        if (string.IsNullOrEmpty(unit) || unit == "1")
        {
            return null;
        }

        var plain = WithoutAnnotations(unit);
        if (plain.Length == 0)
        {
            return null;
        }

        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && slash + 1 < plain.Length && plain.IndexOf('/', slash + 1) < 0)
        {
            var over = plain[..slash];
            var under = plain[(slash + 1)..];
            var per = "per_" + (s_per.TryGetValue(under, out var single) ? single : Sanitize(under));
            return over.Length == 0 ? per : $"{Long(over)}_{per}";
        }

        var spelled = Long(plain).Trim('_');
        return spelled.Length == 0 ? null : spelled;

        static string Long(string u) => s_units.TryGetValue(u, out var name) ? name : Sanitize(u);
    }

    private static string WithoutAnnotations(string unit)
    {
        var text = new StringBuilder(unit.Length);
        var depth = 0;
        foreach (var c in unit)
        {
            switch (c)
            {
                case '{':
                    depth++;
                    break;
                case '}' when depth > 0:
                    depth--;
                    break;
                default:
                    if (depth == 0)
                    {
                        text.Append(c);
                    }

                    break;
            }
        }

        return text.ToString();
    }

    private static string Number(double value)
        => double.IsNaN(value) ? "NaN"
            : double.IsPositiveInfinity(value) ? "+Inf"
            : double.IsNegativeInfinity(value) ? "-Inf"
            : value.ToString("R", CultureInfo.InvariantCulture);

    private static string EscapeLabel(string value)
        => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string EscapeHelp(string value)
        => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
