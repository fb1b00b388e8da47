using System.Globalization;
using System.Text;

namespace Paris.Core.Text;

/// <summary>
/// Character references of HTML5 in text (<c>&amp;eacute;</c>, <c>&amp;copy</c>, <c>&amp;#233;</c>), by the rules of Python's
/// <c>html.unescape</c>: captions are cleaned that way before CLIP reads them.
/// </summary>
public static class HtmlText
{
    private const int LongestName = 32;

    /// <summary>What the numbers 80 … 9F mean: Windows-1252, as browsers read them; 0 where that has no character.</summary>
    private static readonly char[] _windows1252 =
    [
        '€', '\x81', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\x8d', 'Ž', '\x8f',
        '\x90', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\x9d', 'ž', 'Ÿ',
    ];

    private static readonly Lazy<Dictionary<string, string>> _names = new(ReadNames);

    /// <summary>The text with every character reference replaced; what is none stays.</summary>
    public static string Unescape(string text)
    {
        var at = text.IndexOf('&', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length).Append(text, 0, at);
        while (at < text.Length)
        {
            var used = text[at] == '&' ? Reference(text.AsSpan(at + 1), result) : 0;
            if (used == 0)
            {
                result.Append(text[at++]);
            }
            else
            {
                at += 1 + used;
            }
        }

        return result.ToString();
    }

    /// <summary>Appends the meaning of what stands behind an ampersand and tells how many characters that was; 0 when it is no reference.</summary>
    private static int Reference(ReadOnlySpan<char> text, StringBuilder result)
    {
        if (text.Length > 1 && text[0] == '#')
        {
            var hexadecimal = text[1] is 'x' or 'X';
            var digits = text[(hexadecimal ? 2 : 1)..];
            var count = digits.IndexOfAnyExcept(hexadecimal ? "0123456789abcdefABCDEF" : "0123456789");
            count = count < 0 ? digits.Length : count;
            if (count == 0)
            {
                return 0;
            }

            AppendNumber(digits[..count], hexadecimal, result);
            return (hexadecimal ? 2 : 1) + count + (count < digits.Length && digits[count] == ';' ? 1 : 0);
        }

        var length = text[..Math.Min(text.Length, LongestName)].IndexOfAny("\t\n\f <&#;");
        length = length < 0 ? Math.Min(text.Length, LongestName) : length;
        var whole = length > 0 && length < text.Length && text[length] == ';' ? length + 1 : length;
        var names = _names.Value.GetAlternateLookup<ReadOnlySpan<char>>();

        // The longest name wins; without a semicolon a few old ones count, with more letters behind them too.
        for (var n = whole; n > 1; n--)
        {
            if (names.TryGetValue(text[..n], out var meaning))
            {
                result.Append(meaning);
                return n;
            }
        }

        return 0;
    }

    private static void AppendNumber(ReadOnlySpan<char> digits, bool hexadecimal, StringBuilder result)
    {
        // More digits than any character has are out of range, however many zeros they start with.
        digits = digits.TrimStart('0');
        var style = hexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        var number = digits.Length == 0 ? 0 : digits.Length > 7 ? int.MaxValue : int.Parse(digits, style, CultureInfo.InvariantCulture);
        if (number is >= 0x80 and <= 0x9f)
        {
            result.Append(_windows1252[number - 0x80]);
        }
        else if (number == 0x0d)
        {
            result.Append('\r');
        }
        else if (!Rune.IsValid(number) || number == 0)
        {
            result.Append('\uFFFD');
        }
        else if (!IsNoCharacter(number))
        {
            result.Append(new Rune(number).ToString());
        }
    }

    /// <summary>Control characters and numbers that Unicode keeps free: they vanish.</summary>
    private static bool IsNoCharacter(int number) =>
        number is (>= 1 and <= 8) or 0x0b or (>= 0x0e and <= 0x1f) or 0x7f or (>= 0xfdd0 and <= 0xfdef) || (number & 0xfffe) == 0xfffe;

    private static Dictionary<string, string> ReadNames()
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = new StreamReader(typeof(HtmlText).Assembly.GetManifestResourceStream("text/html5-entities.txt")!);
        while (reader.ReadLine() is { } line)
        {
            var parts = line.Split('\t');
            names[parts[0]] = string.Concat(parts[1].Split(' ').Select(hex => char.ConvertFromUtf32(int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
        }

        return names;
    }
}
