using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Paris.Core.Text;

/// <summary>
/// CLIP's byte-pair tokenizer: a caption to the ids that the text encoder reads. Golden numbers: fixture clip-tokenizer (openai/CLIP,
/// without ftfy). Safe for use by several threads.
/// </summary>
public sealed class ClipTokenizer(ClipVocabulary vocabulary)
{
    /// <summary>Longest text of the released models, with its two ends.</summary>
    public const int ContextLength = 77;

    private const int CachedWords = 1 << 16;

    /// <summary>The one mark whose other case is a letter: the reference's pattern, which ignores case, passes over it as over a space.</summary>
    private const int IotaSubscript = 0x345;

    private static readonly string[] _contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);

    public ClipVocabulary Vocabulary { get; } = vocabulary;

    /// <summary>The ids of a caption, without its two ends, however long.</summary>
    public IReadOnlyList<int> Encode(string text)
    {
        var ids = new List<int>();
        foreach (var word in Split(CaptionText.Clean(text)))
        {
            ids.AddRange(_cache.TryGetValue(word, out var known) ? known : Remember(word));
        }

        return ids;
    }

    /// <summary>What the text encoder reads: start, ids, end, padding. A longer text is cut and keeps its end.</summary>
    /// <param name="text">The caption.</param>
    /// <param name="context">Length of the result.</param>
    /// <param name="padding">Null pads with the end token, as Hugging Face's tokenizer (which Paris uses) does; OpenAI's pads with 0.</param>
    public long[] Tokenize(string text, int context = ContextLength, int? padding = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(context, 2);
        var ids = Encode(text);
        var result = new long[context];
        var used = Math.Min(ids.Count, context - 2);
        result[0] = Vocabulary.Start;
        for (var i = 0; i < used; i++)
        {
            result[i + 1] = ids[i];
        }

        result[used + 1] = Vocabulary.End;
        result.AsSpan(used + 2).Fill(padding ?? Vocabulary.End);
        return result;
    }

    /// <summary>
    /// The words of a clean text: the two special tokens, contractions, runs of letters, single digits, runs of anything else but space.
    /// </summary>
    private static IEnumerable<string> Split(string text)
    {
        for (var at = 0; at < text.Length;)
        {
            var length = Special(text, at) ?? Contraction(text, at) ?? Run(text, at);
            if (length > 0)
            {
                yield return text.Substring(at, length);
            }

            at += Math.Max(length, 1);
        }
    }

    private static int? Special(string text, int at) =>
        StartsWith(text, at, ClipVocabulary.StartOfText) ? ClipVocabulary.StartOfText.Length
        : StartsWith(text, at, ClipVocabulary.EndOfText) ? ClipVocabulary.EndOfText.Length
        : null;

    private static int? Contraction(string text, int at) =>
        text[at] == '\'' && Array.Find(_contractions, c => StartsWith(text, at, c)) is { } found ? found.Length : null;

    /// <summary>Case does not count in the reference's pattern, so the long s is an s.</summary>
    private static bool StartsWith(string text, int at, string part)
    {
        for (var i = 0; i < part.Length; i++)
        {
            if (at + i >= text.Length || (text[at + i] == 'ſ' ? 's' : text[at + i]) != part[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The length of the run that starts here; 0 at a space.</summary>
    private static int Run(string text, int at)
    {
        var kind = Kind.Space;
        var length = 0;
        foreach (var rune in text.AsSpan(at).EnumerateRunes())
        {
            var next = KindOf(rune);
            if (length > 0 && (next != kind || kind == Kind.Digit))
            {
                break;
            }

            if (next == Kind.Space)
            {
                return 0;
            }

            kind = next;
            length += rune.Utf16SequenceLength;
        }

        return length;
    }

    private static Kind KindOf(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Digit,
        _ => Rune.IsWhiteSpace(rune) || rune.Value == IotaSubscript ? Kind.Space : Kind.Other,
    };

    private int[] Remember(string word)
    {
        var ids = word switch
        {
            ClipVocabulary.StartOfText => [Vocabulary.Start],
            ClipVocabulary.EndOfText => [Vocabulary.End],
            _ => Merge(word),
        };
        if (_cache.Count < CachedWords)
        {
            _cache.TryAdd(word, ids);
        }

        return ids;
    }

    /// <summary>Byte-pair encoding: the earliest merge among all neighbours is made, everywhere in the word, until there is none.</summary>
    private int[] Merge(string word)
    {
        var bytes = Encoding.UTF8.GetBytes(word);
        var symbols = bytes.Select((b, i) => Vocabulary.Symbol(b, i == bytes.Length - 1)).ToList();
        while (true)
        {
            var best = (Rank: int.MaxValue, Merged: 0);
            var (first, second) = (0, 0);
            for (var i = 0; i + 1 < symbols.Count; i++)
            {
                if (Vocabulary.TryMerge(symbols[i], symbols[i + 1], out var merge) && merge.Rank < best.Rank)
                {
                    (best, first, second) = (merge, symbols[i], symbols[i + 1]);
                }
            }

            if (best.Rank == int.MaxValue)
            {
                return [.. symbols];
            }

            for (var i = 0; i + 1 < symbols.Count; i++)
            {
                if (symbols[i] == first && symbols[i + 1] == second)
                {
                    symbols[i] = best.Merged;
                    symbols.RemoveAt(i + 1);
                }
            }
        }
    }

    private enum Kind
    {
        Space,
        Letter,
        Digit,
        Other,
    }
}
