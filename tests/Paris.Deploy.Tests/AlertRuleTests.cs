using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Paris.Grains;

namespace Paris.Deploy.Tests;

/// <summary>The alert rules through the real promtool, and the metrics that rules and dashboard name.</summary>
public sealed class AlertRuleTests
{
    private static readonly string _folder = Path.Combine(Repository.Root, "infra", "prometheus");

    [Fact]
    public void EveryRuleFiresWhenItShouldAndIsQuietOtherwise()
    {
        var (code, output) = Repository.Run("promtool", ["test", "rules", Path.Combine(_folder, "alerts.test.yaml")]);

        Assert.True(code == 0, output);
        var rules = Yaml.Documents(File.ReadAllText(Path.Combine(_folder, "alerts.yaml"))).Single()["groups"].Items.SelectMany(x => x["rules"].Items).Select(x => x["alert"].Text).ToArray();
        var tests = Yaml.Documents(File.ReadAllText(Path.Combine(_folder, "alerts.test.yaml"))).Single()["tests"].Items.SelectMany(x => x["alert_rule_test"].Items).ToArray();
        Assert.Equal(9, rules.Length);
        Assert.All(rules, rule =>
        {
            Assert.Contains(tests, x => x["alertname"].Text == rule && x["exp_alerts"].Exists);
            Assert.Contains(tests, x => x["alertname"].Text == rule && !x["exp_alerts"].Exists);
        });
    }

    [Theory]
    [InlineData("infra/prometheus/alerts.yaml")]
    [InlineData("infra/grafana/paris.json")]
    [InlineData("helm/paris/templates/scaledobject.yaml")]
    public void EveryMetricIsOneThatTheSilosHave(string file)
    {
        var known = ExposedNames();
        var used = Regex.Matches(File.ReadAllText(Path.Combine(Repository.Root, file)), @"\bparis_[a-z_]+").Select(x => x.Value).Distinct().ToArray();

        Assert.NotEmpty(used);
        Assert.All(used, x => Assert.Contains(x, known));
    }

    /// <summary>The instruments' names as the Prometheus exporter writes them: unit as a suffix, counters end in _total.</summary>
    private static HashSet<string> ExposedNames()
    {
        HashSet<string> names = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name != ParisInstruments.MeterName)
            {
                return;
            }

            var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
            var name = instrument.Name.Replace('.', '_') + unit;
            names.UnionWith(instrument switch
            {
                Counter<long> => [$"{name}_total"],
                Histogram<double> => [$"{name}_bucket", $"{name}_sum", $"{name}_count"],
                _ => [name],
            });
        };
        listener.Start();
        using var meters = new Meters();
        _ = new ParisInstruments(meters);
        return names;
    }

    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            _meters.Add(new Meter(options));
            return _meters[^1];
        }

        public void Dispose() => _meters.ForEach(x => x.Dispose());
    }
}
