using System.Text.Encodings.Web;
using System.Text.Json;

namespace Paris.Cli.Emoji;

/// <summary>Writes the lists (<c>data.kind: list</c>) of the emoji demo beside the packages: <c>training.jsonl</c> and <c>held-out.jsonl</c>.</summary>
public static class EmojiLists
{
    public const string Training = "training.jsonl";
    public const string HeldOut = "held-out.jsonl";

    private static readonly JsonSerializerOptions _json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads the packages below <paramref name="folder"/>, splits and writes; the same files again when nothing changed.</summary>
    /// <exception cref="Core.ParisInputException">A package is missing or is not what it should be.</exception>
    public static EmojiSplit Write(string folder)
    {
        var split = EmojiSplit.Of([.. EmojiCatalog.Read(folder).Where(EmojiSplit.IsSubject)]);
        WriteList(Path.Combine(folder, Training), split.Training);
        WriteList(Path.Combine(folder, HeldOut), split.HeldOut);
        return split;
    }

    private static void WriteList(string path, IReadOnlyList<EmojiConcept> concepts)
    {
        var part = path + ".part";
        using (var writer = new StreamWriter(part) { NewLine = "\n" })
        {
            foreach (var concept in concepts)
            {
                foreach (var (style, image) in concept.Images)
                {
                    writer.WriteLine(JsonSerializer.Serialize(new { image, caption = EmojiPrompt.Of(concept, style), @class = concept.Group }, _json));
                }
            }
        }

        File.Move(part, path, overwrite: true);
    }
}
