using System.Text.Json;
using Paris.Core;

namespace Paris.Models;

/// <summary>
/// A model's <c>config.json</c>. Sizes are read from the weights themselves; a configuration tells what they do not (heads, groups, eps).
/// Each value is asked for under every name it goes by.
/// </summary>
public sealed class ModelConfig
{
    private readonly JsonElement _root;
    private readonly string _source;

    private ModelConfig(JsonElement root, string source) => (_root, _source) = (root, source);

    /// <summary>No configuration: every value is the caller's default.</summary>
    public static ModelConfig Empty { get; } = new(JsonDocument.Parse("{}").RootElement, "no configuration");

    /// <summary>Reads a file.</summary>
    /// <exception cref="ParisInputException">It is missing or holds no JSON object.</exception>
    public static ModelConfig Read(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <exception cref="ParisInputException">They hold no JSON object.</exception>
    public static ModelConfig Parse(ReadOnlySpan<byte> bytes, string source)
    {
        try
        {
            var root = JsonSerializer.Deserialize<JsonElement>(bytes);
            return root.ValueKind == JsonValueKind.Object ? new ModelConfig(root, source) : throw new JsonException("it holds no object");
        }
        catch (JsonException e)
        {
            throw Unreadable(source, e);
        }
    }

    /// <summary>The <c>config.json</c> beside a file of weights, or <see cref="Empty"/>.</summary>
    public static ModelConfig Beside(string weights)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(weights))!, "config.json");
        return File.Exists(path) ? Read(path) : Empty;
    }

    public int Int(int otherwise, params ReadOnlySpan<string> names) => Find(names) is { } found
        ? found.ValueKind == JsonValueKind.Number && found.TryGetInt32(out var value) ? value : throw Wrong(names, "a whole number")
        : otherwise;

    public double Double(double otherwise, params ReadOnlySpan<string> names) => Find(names) is { } found
        ? found.ValueKind == JsonValueKind.Number ? found.GetDouble() : throw Wrong(names, "a number")
        : otherwise;

    public bool Bool(bool otherwise, params ReadOnlySpan<string> names) => Find(names) is { } found
        ? found.ValueKind is JsonValueKind.True or JsonValueKind.False ? found.GetBoolean() : throw Wrong(names, "true or false")
        : otherwise;

    public string Text(string otherwise, params ReadOnlySpan<string> names) => Find(names) is { } found
        ? found.ValueKind == JsonValueKind.String ? found.GetString()! : throw Wrong(names, "a text")
        : otherwise;

    private static ParisInputException Unreadable(string source, Exception e) => new($"{source} cannot be read as a model's configuration: {e.Message}", e);

    private JsonElement? Find(ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (_root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                return value;
            }
        }

        return null;
    }

    private ParisInputException Wrong(ReadOnlySpan<string> names, string right) =>
        new($"{_source}: '{string.Join("' or '", names.ToArray())}' must be {right}.");
}
