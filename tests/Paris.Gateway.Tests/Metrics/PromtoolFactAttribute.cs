namespace Paris.Gateway.Tests.Metrics;

/// <summary>A test that needs Prometheus' <c>promtool</c> (Debian: prometheus).</summary>
internal sealed class PromtoolFactAttribute : FactAttribute
{
    public const string Path = "/usr/bin/promtool";

    public PromtoolFactAttribute()
    {
        if (!File.Exists(Path))
        {
            Skip = $"{Path} is not installed (Debian package prometheus).";
        }
    }
}
