using System.Text.Json;
using Paris.Core;

namespace Paris.Cli.Emoji;

/// <summary>
/// Reads the npm packages of the emoji demo: names and groups from <c>openmoji</c>, pictures from <c>emoji-datasource-google</c> (Noto, 64 px PNG)
/// and <c>@lobehub/fluent-emoji-3d</c> (256 px WebP), joined by the hexcode. Skin-tone variants and what is no emoji of Unicode are left out.
/// </summary>
public static class EmojiCatalog
{
    private const string Names = "node_modules/openmoji/data/openmoji.json";

    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web);

    /// <summary>The art styles: name, folder of the pictures, ending of their names.</summary>
    public static IReadOnlyList<(string Name, string Folder, string Extension)> Styles { get; } =
    [
        ("noto", "node_modules/emoji-datasource-google/img/google/64", ".png"),
        ("fluent", "node_modules/@lobehub/fluent-emoji-3d/assets", ".webp"),
    ];

    /// <summary>Every emoji with at least one picture, in the order of the names' file, Unicode's.</summary>
    /// <param name="folder">The folder that holds <c>node_modules</c>.</param>
    /// <exception cref="ParisInputException">A package is missing or is not what it should be.</exception>
    public static IReadOnlyList<EmojiConcept> Read(string folder)
    {
        var names = Path.Combine(folder, Names);
        if (!File.Exists(names))
        {
            throw Missing(names);
        }

        var pictures = Styles.Select(style => (style.Name, Files: FilesOf(folder, style.Folder, style.Extension))).ToArray();
        var concepts = new List<EmojiConcept>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in Entries(names))
        {
            if (entry is not { Hexcode.Length: > 0, Annotation.Length: > 0, Group.Length: > 0 } || IsLeftOut(entry))
            {
                continue;
            }

            var hexcode = Normalise(entry.Hexcode);
            var images = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (style, files) in pictures)
            {
                if (files.TryGetValue(hexcode, out var file))
                {
                    images[style] = file;
                }
            }

            if (images.Count > 0 && seen.Add(hexcode))
            {
                concepts.Add(new EmojiConcept(hexcode, entry.Annotation.Trim(), entry.Group, entry.Subgroups ?? "", images));
            }
        }

        return concepts.Count > 0
            ? concepts
            : throw new ParisInputException($"'{names}' names no emoji that has a picture; run 'infra/setup.sh emoji' again.");
    }

    /// <summary>The key of the join: lower case, without the variation selector.</summary>
    internal static string Normalise(string hexcode)
        => string.Join('-', hexcode.ToLowerInvariant().Split('-').Where(part => part != "fe0f"));

    private static bool IsLeftOut(Entry entry)
        => !string.IsNullOrEmpty(entry.Skintone?.ToString()) || entry.Group == "component" || entry.Group!.StartsWith("extras", StringComparison.Ordinal);

    private static Dictionary<string, string> FilesOf(string folder, string below, string extension)
    {
        var path = Path.Combine(folder, below);
        if (!Directory.Exists(path))
        {
            throw Missing(path);
        }

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(path, "*" + extension).Order(StringComparer.Ordinal))
        {
            files.TryAdd(Normalise(Path.GetFileNameWithoutExtension(file)), $"{below}/{Path.GetFileName(file)}");
        }

        return files;
    }

    private static List<Entry> Entries(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<List<Entry>>(stream, _json) ?? [];
        }
        catch (JsonException e)
        {
            throw new ParisInputException($"'{path}' is no list of emoji: {e.Message}", e);
        }
    }

    private static ParisInputException Missing(string path)
        => new($"The emoji pictures are not there ('{path}'); './paris demo emoji' fetches them, or run 'infra/setup.sh emoji' (npm, about 100 MB).");

    // "skintone" is a string or a number.
    private sealed record Entry(string? Hexcode, string? Annotation, string? Group, string? Subgroups, JsonElement? Skintone);
}
