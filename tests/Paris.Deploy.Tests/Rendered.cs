namespace Paris.Deploy.Tests;

/// <summary>What <c>helm template</c> makes of a set of values.</summary>
internal sealed record Rendered(string Text)
{
    public static readonly string[] ValueSets = ["minimal", "gpu", "everything"];

    public IReadOnlyList<Yaml> Documents { get; } = Yaml.Documents(Text);

    public static Rendered Of(string values, params IEnumerable<string> set)
    {
        var (code, output) = Render(values, set);
        return code == 0 ? new Rendered(output) : throw new InvalidOperationException(output);
    }

    public static (int Code, string Output) Render(string? values, params IEnumerable<string> set)
    {
        List<string> arguments = ["template", "atelier", Repository.Chart, "--namespace", "ml"];
        if (values is not null)
        {
            arguments.AddRange(["--values", ValuesFile(values)]);
        }

        arguments.AddRange(set.SelectMany(x => new[] { "--set", x }));
        return Repository.RunHelm(arguments);
    }

    public static string ValuesFile(string values) => Path.Combine(Repository.Chart, "ci", $"{values}-values.yaml");

    public Yaml Only(string kind, string component) => Documents.Single(x => x["kind"].Text == kind && Component(x) == component);

    public IEnumerable<Yaml> All(string kind) => Documents.Where(x => x["kind"].Text == kind);

    /// <summary>The Deployments whose pods are silos.</summary>
    public IEnumerable<Yaml> Silos => All("Deployment").Where(x => Component(x) != "gateway");

    public IEnumerable<Yaml> Pools => Silos.Where(x => Component(x).StartsWith("pool-", StringComparison.Ordinal));

    public static string Component(Yaml manifest) => manifest.At("metadata/labels")["app.kubernetes.io/component"].Text;

    public static Yaml Container(Yaml deployment) => deployment.At("spec/template/spec/containers").Items.Single();

    /// <summary>
    /// The container's environment as a kubelet would set it: ConfigMaps, then variables, references to Secrets and to the pod
    /// resolved, <c>$(NAME)</c> expanded.
    /// </summary>
    public Dictionary<string, string> Environment(Yaml deployment, string podName, string podIp)
    {
        var environment = new Dictionary<string, string>();
        var container = Container(deployment);
        foreach (var source in container["envFrom"].Items)
        {
            foreach (var (key, value) in Named("ConfigMap", source.At("configMapRef/name").Text)["data"].Entries)
            {
                environment[key] = value.Text;
            }
        }

        foreach (var variable in container["env"].Items)
        {
            var from = variable["valueFrom"];
            environment[variable["name"].Text] = from.At("fieldRef/fieldPath").Text switch
            {
                "metadata.name" => podName,
                "status.podIP" => podIp,
                "" when from["secretKeyRef"].Exists => Secret(from.At("secretKeyRef/name").Text, from.At("secretKeyRef/key").Text),
                "" => environment.Aggregate(variable["value"].Text, (text, known) => text.Replace($"$({known.Key})", known.Value, StringComparison.Ordinal)),
                var other => throw new NotSupportedException(other),
            };
        }

        return environment;
    }

    // A Secret of the user's is not in the chart.
    private string Secret(string name, string key)
        => All("Secret").Any(x => x.At("metadata/name").Text == name)
            ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(Named("Secret", name)["data"][key].Text))
            : $"key {key} of the user's {name}";

    private Yaml Named(string kind, string name) => All(kind).Single(x => x.At("metadata/name").Text == name);
}
