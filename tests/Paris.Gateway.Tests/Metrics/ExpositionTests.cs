using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;

namespace Paris.Gateway.Tests.Metrics;

/// <summary>What <c>/metrics</c> shows, with the official exporter and with the stand-in alike.</summary>
public sealed partial class ExpositionTests
{
    [Fact]
    public async Task Instruments_become_series_with_the_names_of_the_OpenTelemetry_rules()
    {
        var text = await ScrapeAsync(meter =>
        {
            meter.CreateGauge<double>("paris.expert.loss").Record(0.25, new("run", "demo"), new("expert", "3"));
            meter.CreateCounter<long>("paris.samples", "{sample}").Add(64);
            meter.CreateCounter<long>("paris.bytes.between_experts", "By").Add(7);
            meter.CreateGauge<long>("paris.slots", "{slot}", "Slots by state.").Record(2, new("state", "free"), new("silo", "silo-0"));
            meter.CreateGauge<double>("paris.share", "1").Record(0.5);
        });

        Assert.Equal(0.25, Value(text, "paris_expert_loss", "expert=\"3\"", "run=\"demo\""));
        Assert.Equal(64, Value(text, "paris_samples_total"));
        Assert.Equal(7, Value(text, "paris_bytes_between_experts_bytes_total"));
        Assert.Equal(2, Value(text, "paris_slots", "silo=\"silo-0\"", "state=\"free\""));
        Assert.Equal(0.5, Value(text, "paris_share"));
        Assert.Contains("# TYPE paris_expert_loss gauge\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE paris_samples_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("# HELP paris_slots Slots by state.\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_histogram_has_cumulative_buckets_a_sum_and_a_count()
    {
        var text = await ScrapeAsync(meter =>
        {
            var histogram = meter.CreateHistogram("paris.step.duration", "s", "Duration of a training step.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
            foreach (var value in new[] { 0.05, 0.5, 0.75, 3 })
            {
                histogram.Record(value, new KeyValuePair<string, object?>("expert", "0"));
            }
        });

        Assert.Contains("# TYPE paris_step_duration_seconds histogram\n", text, StringComparison.Ordinal);
        Assert.Equal(1, Value(text, "paris_step_duration_seconds_bucket", "expert=\"0\"", "le=\"0.1\""));
        Assert.Equal(3, Value(text, "paris_step_duration_seconds_bucket", "le=\"1\""));
        Assert.Equal(4, Value(text, "paris_step_duration_seconds_bucket", "le=\"+Inf\""));
        Assert.Equal(4.3, Value(text, "paris_step_duration_seconds_sum"), 9);
        Assert.Equal(4, Value(text, "paris_step_duration_seconds_count"));
    }

    [Fact]
    public async Task Label_values_are_escaped()
    {
        var text = await ScrapeAsync(meter => meter.CreateGauge<long>("paris.expert.step").Record(5, new KeyValuePair<string, object?>("run", "a \"b\" \\ c\nd")));

        Assert.Equal(5, Value(text, "paris_expert_step", "run=\"a \\\"b\\\" \\\\ c\\nd\""));
    }

    [Fact]
    public async Task Only_the_meter_Paris_is_shown()
    {
        using var other = new Meter("Other");
        other.CreateCounter<long>("other.things").Add(1);
        var text = await ScrapeAsync(meter => meter.CreateCounter<long>("paris.samples").Add(1));

        Assert.DoesNotContain("other_things", text, StringComparison.Ordinal);
    }

    [PromtoolFact]
    public async Task Promtool_finds_no_mistake()
    {
        var text = await ScrapeAsync(meter =>
        {
            meter.CreateGauge<double>("paris.expert.loss", null, "Training loss.").Record(0.25, new("run", "demo"), new("expert", "3"));
            meter.CreateCounter<long>("paris.samples", "{sample}", "Samples worked on.").Add(64);
            meter.CreateHistogram<double>("paris.step.duration", "s", "Duration of a training step.").Record(0.02);
        });

        using var process = Process.Start(new ProcessStartInfo(PromtoolFactAttribute.Path, "check metrics") { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(text);
        process.StandardInput.Close();
        var said = await process.StandardError.ReadToEndAsync() + await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, said);
    }

    private static async Task<string> ScrapeAsync(Action<Meter> measure)
    {
        await using var gateway = await TestGateway.StartAsync();
        measure(gateway.Services.GetRequiredService<IMeterFactory>().Create(GatewayHost.MeterName));
        using var client = gateway.Client(token: false);
        var response = await client.GetAsync("/metrics");
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The value of the one series of this name that carries all these labels; a timestamp after it is allowed.</summary>
    private static double Value(string text, string name, params string[] labels)
    {
        var lines = text.Split('\n').Where(l => l.StartsWith(name + "{", StringComparison.Ordinal) || l.StartsWith(name + " ", StringComparison.Ordinal)).Where(l => labels.All(label => l.Contains(label, StringComparison.Ordinal))).ToArray();
        var line = Assert.Single(lines);
        return double.Parse(Number().Match(line[(line.LastIndexOf('}') + 1)..].TrimStart()).Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^\S+")]
    private static partial Regex Number();
}
