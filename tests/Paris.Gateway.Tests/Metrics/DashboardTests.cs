using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Paris.Core.Jobs;
using Paris.Grains;

namespace Paris.Gateway.Tests.Metrics;

public sealed partial class DashboardTests
{
    [Fact]
    public async Task Every_series_of_the_Grafana_dashboard_is_one_that_the_instruments_make()
    {
        var text = await ScrapeEveryInstrumentAsync();
        var made = Series().Matches(text).Select(m => m.Groups[1].Value).ToHashSet();
        var named = Expressions().SelectMany(e => Name().Matches(e)).Select(m => m.Value).ToHashSet();

        Assert.True(named.Count >= 10);
        Assert.Empty(named.Except(made));
    }

    [Fact]
    public void Panels_have_their_own_ids_and_do_not_overlap()
    {
        var panels = Dashboard().RootElement.GetProperty("panels").EnumerateArray().ToArray();

        Assert.Equal(panels.Length, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Contains(panels, p => p.TryGetProperty("repeat", out var repeat) && repeat.GetString() == "expert");
        var cells = panels.Select(p => p.GetProperty("gridPos")).SelectMany(g =>
            from x in Enumerable.Range(g.GetProperty("x").GetInt32(), g.GetProperty("w").GetInt32())
            from y in Enumerable.Range(g.GetProperty("y").GetInt32(), g.GetProperty("h").GetInt32())
            select (x, y)).ToArray();
        Assert.Equal(cells.Length, cells.Distinct().Count());
        Assert.All(cells, c => Assert.InRange(c.x, 0, 23));
    }

    private static async Task<string> ScrapeEveryInstrumentAsync()
    {
        await using var gateway = await TestGateway.StartAsync(services: services => services.AddSingleton<ParisInstruments>());
        var instruments = gateway.Services.GetRequiredService<ParisInstruments>();
        var tags = JobTags.Of(JobId.ForExpert("demo", 3), "silo-0");
        instruments.Step(tags, 5);
        instruments.Rate(tags, 400);
        instruments.Samples(tags, 32);
        instruments.Committed(tags, 0.2);
        instruments.Fenced(tags);
        instruments.Straggles(tags);
        instruments.Hung(tags);
        instruments.Retry(tags, FailureCause.Crash);
        instruments.Queued(2);
        instruments.Slots("silo-0", 1, 1);
        instruments.DeletionCost("silo-0", 150);
        foreach (var metric in new[] { "loss", "step-seconds", "checkpoint-stall-seconds", "bytes-between-experts", "rollbacks" })
        {
            instruments.Measured(tags, metric, 1, before: 0);
        }

        using var client = gateway.Client(token: false);
        return await client.GetStringAsync("/metrics");
    }

    private static IEnumerable<string> Expressions()
    {
        var root = Dashboard().RootElement;
        foreach (var panel in root.GetProperty("panels").EnumerateArray())
        {
            if (panel.TryGetProperty("targets", out var targets))
            {
                foreach (var target in targets.EnumerateArray())
                {
                    yield return target.GetProperty("expr").GetString()!;
                }
            }
        }

        foreach (var variable in root.GetProperty("templating").GetProperty("list").EnumerateArray())
        {
            if (variable.TryGetProperty("definition", out var definition))
            {
                yield return definition.GetString()!;
            }
        }
    }

    private static JsonDocument Dashboard() => JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "paris.json")));

    [GeneratedRegex(@"^(paris_[a-z_]+)\{", RegexOptions.Multiline)]
    private static partial Regex Series();

    [GeneratedRegex(@"\bparis_[a-z_]+\b")]
    private static partial Regex Name();
}
