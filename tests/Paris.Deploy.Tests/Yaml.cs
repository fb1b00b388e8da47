using YamlDotNet.RepresentationModel;

namespace Paris.Deploy.Tests;

/// <summary>A node of a YAML document that can be asked for what is not there.</summary>
internal readonly record struct Yaml(YamlNode? Node)
{
    public static IReadOnlyList<Yaml> Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(x => new Yaml(x.RootNode)).Where(x => x.Node is YamlMappingNode)];
    }

    public bool Exists => Node is not null;

    public string Text => (Node as YamlScalarNode)?.Value ?? "";

    public IEnumerable<Yaml> Items => (Node as YamlSequenceNode)?.Children.Select(x => new Yaml(x)) ?? [];

    public IEnumerable<(string Key, Yaml Value)> Entries
        => (Node as YamlMappingNode)?.Children.Select(x => (((YamlScalarNode)x.Key).Value!, new Yaml(x.Value))) ?? [];

    /// <summary>The value below a path of keys: <c>spec/template/spec</c>. Keys with a slash go one by one.</summary>
    public Yaml At(string path) => path.Split('/').Aggregate(this, (node, key) => node[key]);

    public Yaml this[string key] => Entries.FirstOrDefault(x => x.Key == key).Value;
}
