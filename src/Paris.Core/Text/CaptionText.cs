using System.Globalization;
using System.Text;

namespace Paris.Core.Text;

/// <summary>
/// The clean-up of a caption before CLIP's tokenizer: HTML references, white space, lower case, with Python's meaning of each, because ids
/// must be those of the reference. The reference's repair of broken encodings (ftfy) is not done.
/// </summary>
public static class CaptionText
{
    /// <summary>Unescaped twice, every run of white space one space, trimmed, lower case.</summary>
    public static string Clean(string text) => Lower(CollapseSpaces(HtmlText.Unescape(HtmlText.Unescape(text))));

    /// <summary>Lower case with the full mapping: İ becomes two characters, Σ at the end of a word becomes ς.</summary>
    public static string Lower(string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < runes.Length; i++)
        {
            result.Append(runes[i].Value switch
            {
                0x130 => "i\u0307",
                0x3a3 => EndsWord(runes, i) ? "ς" : "σ",
                _ => Rune.ToLowerInvariant(runes[i]).ToString(),
            });
        }

        return result.ToString();
    }

    private static string CollapseSpaces(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            // Python counts the four separators 1C … 1F as white space.
            if (char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f')
            {
                if (result.Length > 0 && result[^1] != ' ')
                {
                    result.Append(' ');
                }
            }
            else
            {
                result.Append(c);
            }
        }

        return result.ToString().TrimEnd(' ');
    }

    /// <summary>A cased letter stands before, none behind; marks and apostrophes between do not count.</summary>
    private static bool EndsWord(Rune[] runes, int at)
    {
        var before = at - 1;
        while (before >= 0 && IsCaseIgnorable(runes[before]))
        {
            before--;
        }

        var behind = at + 1;
        while (behind < runes.Length && IsCaseIgnorable(runes[behind]))
        {
            behind++;
        }

        return before >= 0 && IsCased(runes[before]) && (behind == runes.Length || !IsCased(runes[behind]));
    }

    private static bool IsCased(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        || rune.Value is 0xaa or 0xba or (>= 0x2160 and <= 0x217f) or (>= 0x24b6 and <= 0x24e9) or (>= 0x1f130 and <= 0x1f149) or (>= 0x1f150 and <= 0x1f169) or (>= 0x1f170 and <= 0x1f189);

    private static bool IsCaseIgnorable(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
        || rune.Value is '\'' or '.' or ':' or 0xb7 or 0x387 or 0x55f or 0x5f4 or 0x2018 or 0x2019 or 0x2024 or 0x2027 or 0xfe13 or 0xfe52 or 0xfe55 or 0xff07 or 0xff0e or 0xff1a;
}
