namespace Paris.Cli.Emoji;

/// <summary>One emoji with its pictures in every art style.</summary>
/// <param name="Hexcode">Code points in lower case hexadecimal joined by '-', without the variation selector FE0F.</param>
/// <param name="Caption">Its English name, e.g. "grinning cat with smiling eyes".</param>
/// <param name="Group">One of the nine groups of Unicode, e.g. "animals-nature": the class.</param>
/// <param name="Subgroup">Its finer group, e.g. "animal-mammal".</param>
/// <param name="Images">The picture by style, relative to the data's folder, in the order of <see cref="EmojiCatalog.Styles"/>.</param>
public sealed record EmojiConcept(string Hexcode, string Caption, string Group, string Subgroup, IReadOnlyDictionary<string, string> Images)
{
    /// <summary>The words of a caption: runs of letters and digits in lower case, each once, in order.</summary>
    public static IReadOnlyList<string> WordsOf(string caption)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= caption.Length; i++)
        {
            if (i < caption.Length && char.IsLetterOrDigit(caption[i]))
            {
                start = start < 0 ? i : start;
            }
            else if (start >= 0)
            {
                var word = caption[start..i].ToLowerInvariant();
                if (!words.Contains(word))
                {
                    words.Add(word);
                }

                start = -1;
            }
        }

        return words;
    }
}
