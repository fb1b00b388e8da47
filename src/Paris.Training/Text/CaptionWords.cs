using System.Text;
using Paris.Core.Text;

namespace Paris.Training.Text;

/// <summary>A caption's words, and the pieces of a word that it shares with its relatives.</summary>
public static class CaptionWords
{
    /// <summary>Runs of letters, digits and marks of the cleaned caption (<see cref="CaptionText.Clean"/>: lower case), in their order.</summary>
    public static IReadOnlyList<string> Of(string caption)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var rune in CaptionText.Clean(caption).EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark)
            {
                word.Append(rune.ToString());
            }
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    /// <summary>The distinct pieces of three characters of <c>&lt;word&gt;</c>, in their order.</summary>
    public static IReadOnlyList<string> Pieces(string word)
    {
        var runes = $"<{word}>".EnumerateRunes().Select(rune => rune.ToString()).ToArray();
        return [.. Enumerable.Range(0, Math.Max(0, runes.Length - 2)).Select(i => string.Concat(runes[i], runes[i + 1], runes[i + 2])).Distinct(StringComparer.Ordinal)];
    }
}
