using System.Text.Json;

namespace Paris.Cli.Tests.Emoji;

/// <summary>A tiny synthetic copy of the npm packages.</summary>
internal static class EmojiFolder
{
    /// <summary>One name of <c>openmoji.json</c>; the styles say which pictures exist, as the packages spell their files.</summary>
    public sealed record Name(string Hexcode, string Annotation, string Group = "objects", string Subgroups = "tool", object? Skintone = null, string? Noto = null, string? Fluent = null);

    public static void Write(string folder, params Name[] names)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "node_modules/openmoji/data")).FullName;
        var noto = Directory.CreateDirectory(Path.Combine(folder, "node_modules/emoji-datasource-google/img/google/64")).FullName;
        var fluent = Directory.CreateDirectory(Path.Combine(folder, "node_modules/@lobehub/fluent-emoji-3d/assets")).FullName;
        File.WriteAllText(
            Path.Combine(data, "openmoji.json"),
            JsonSerializer.Serialize(names.Select(n => new { emoji = "x", hexcode = n.Hexcode, group = n.Group, subgroups = n.Subgroups, annotation = n.Annotation, skintone = n.Skintone ?? "", order = (object)"" })));
        foreach (var name in names)
        {
            if (name.Noto is not null)
            {
                File.WriteAllBytes(Path.Combine(noto, name.Noto + ".png"), [1]);
            }

            if (name.Fluent is not null)
            {
                File.WriteAllBytes(Path.Combine(fluent, name.Fluent + ".webp"), [1]);
            }
        }
    }
}
