namespace Paris.Cli.Emoji;

/// <summary>A prompt and the picture that nobody trained on.</summary>
/// <param name="Text">The emoji's name and an art style, as captions are written.</param>
/// <param name="Image">The real picture, relative to the data's folder.</param>
public sealed record EmojiPrompt(string Text, string Image)
{
    /// <summary>How captions are written: "cat face, noto".</summary>
    public static string Of(EmojiConcept concept, string style) => $"{concept.Caption}, {style}";

    /// <summary>One prompt a held-out concept, the styles in turn.</summary>
    public static IReadOnlyList<EmojiPrompt> Of(IEnumerable<EmojiConcept> heldOut) =>
        [.. heldOut.Select((concept, i) =>
        {
            var (style, image) = concept.Images.ElementAt(i % concept.Images.Count);
            return new EmojiPrompt(Of(concept, style), image);
        })];
}
