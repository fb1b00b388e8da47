using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Paris.Core.Text;

/// <summary>
/// CLIP's vocabulary: a symbol a byte (and one a byte at the end of a word), what pairs of symbols merge into, best first, and the two
/// tokens that start and end a text. Read from OpenAI's merges file or from Hugging Face's <c>vocab.json</c> and <c>merges.txt</c>.
/// </summary>
public sealed class ClipVocabulary
{
    /// <summary>Name of OpenAI's merges file.</summary>
    public const string OriginalFile = "bpe_simple_vocab_16e6.txt.gz";

    public const string StartOfText = "<|startoftext|>";
    public const string EndOfText = "<|endoftext|>";
    internal const string EndOfWord = "</w>";

    /// <summary>Merges of OpenAI's vocabulary: 49,152 tokens less 256 bytes and the two ends; the file holds more, which are not used.</summary>
    private const int OriginalMerges = 49152 - 256 - 2;

    /// <summary>Largest file that is read; the real ones are below 4 MiB.</summary>
    private const int MaxBytes = 64 << 20;

    private readonly Dictionary<(int First, int Second), (int Rank, int Merged)> _merges = [];
    private readonly int[] _bytes = new int[256];
    private readonly int[] _lastBytes = new int[256];

    private ClipVocabulary(Dictionary<string, int> tokens, IEnumerable<string> merges, string source)
    {
        for (var b = 0; b < 256; b++)
        {
            _bytes[b] = Id(ByteSymbols[b].ToString());
            _lastBytes[b] = Id(ByteSymbols[b] + EndOfWord);
        }

        foreach (var (line, rank) in merges.Select((line, rank) => (line, rank)))
        {
            var pair = line.Split(' ');
            if (pair.Length != 2)
            {
                throw new ParisInputException($"{source}: merge {rank} is '{line}'; it should be two symbols.");
            }

            _merges.TryAdd((Id(pair[0]), Id(pair[1])), (rank, Id(pair[0] + pair[1])));
        }

        (Start, End, Count) = (Id(StartOfText), Id(EndOfText), tokens.Count);

        int Id(string token) => tokens.TryGetValue(token, out var id) ? id : throw new ParisInputException($"{source}: the vocabulary lacks '{token}'.");
    }

    /// <summary>Id of the token that starts a text.</summary>
    public int Start { get; }

    /// <summary>Id of the token that ends it.</summary>
    public int End { get; }

    /// <summary>Tokens.</summary>
    public int Count { get; }

    /// <summary>The character that stands for a byte: printable ones for themselves, the others in their order from U+0100 on.</summary>
    public static IReadOnlyList<char> ByteSymbols { get; } = MakeByteSymbols();

    /// <summary>Reads OpenAI's file, or a folder with that file or with <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    /// <exception cref="ParisInputException">A file is missing, damaged or too long, or the vocabulary is not complete.</exception>
    public static ClipVocabulary Read(string path)
    {
        if (!Directory.Exists(path))
        {
            return ReadOriginal(path);
        }

        var (vocabulary, merges) = (Path.Combine(path, "vocab.json"), Path.Combine(path, "merges.txt"));
        return File.Exists(vocabulary) && File.Exists(merges) ? ReadPair(vocabulary, merges)
            : File.Exists(Path.Combine(path, OriginalFile)) ? ReadOriginal(Path.Combine(path, OriginalFile))
            : throw new ParisInputException($"'{path}' holds no CLIP vocabulary: neither vocab.json and merges.txt nor {OriginalFile}.");
    }

    /// <summary>The symbol of a byte, the one for the end of a word if it is the word's last.</summary>
    internal int Symbol(byte value, bool last) => last ? _lastBytes[value] : _bytes[value];

    /// <summary>What two neighbours merge into and how early; false when they do not.</summary>
    internal bool TryMerge(int first, int second, out (int Rank, int Merged) merge) => _merges.TryGetValue((first, second), out merge);

    private static ClipVocabulary ReadOriginal(string path)
    {
        var lines = Lines(path);
        if (lines.Length < OriginalMerges + 1)
        {
            throw new ParisInputException($"{path} has {lines.Length} lines; CLIP's merges file has a heading and at least {OriginalMerges} merges.");
        }

        var merges = lines[1..(OriginalMerges + 1)];
        var symbols = ByteSymbols.OrderBy(c => c >= 0x100).ThenBy(c => c).Select(c => c.ToString()).ToList();
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var token in symbols.Concat(symbols.Select(s => s + EndOfWord)).Concat(merges.Select(m => m.Replace(" ", "", StringComparison.Ordinal))).Concat([StartOfText, EndOfText]))
        {
            tokens[token] = tokens.Count;
        }

        return new ClipVocabulary(tokens, merges, path);
    }

    private static ClipVocabulary ReadPair(string vocabulary, string merges)
    {
        try
        {
            var tokens = JsonSerializer.Deserialize<Dictionary<string, int>>(Bytes(vocabulary)) ?? throw new JsonException("it holds no object");
            var lines = Lines(merges).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal));
            return new ClipVocabulary(new Dictionary<string, int>(tokens, StringComparer.Ordinal), lines, vocabulary);
        }
        catch (JsonException e)
        {
            throw new ParisInputException($"{vocabulary} is no vocabulary: {e.Message}", e);
        }
    }

    private static string[] Lines(string path) => Encoding.UTF8.GetString(Bytes(path)).Split('\n').Select(line => line.TrimEnd('\r')).ToArray();

    /// <summary>The file, unpacked if it is gzip.</summary>
    private static ReadOnlySpan<byte> Bytes(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var packed = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
            file.Position = 0;
            using var content = packed ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            var buffer = new MemoryStream();
            var chunk = new byte[1 << 16];
            for (var read = content.Read(chunk); read > 0; read = content.Read(chunk))
            {
                if (buffer.Length + read > MaxBytes)
                {
                    throw new ParisInputException($"{path} is longer than {MaxBytes >> 20} MiB; no CLIP vocabulary is.");
                }

                buffer.Write(chunk, 0, read);
            }

            return buffer.GetBuffer().AsSpan(0, (int)buffer.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new ParisInputException($"{path} cannot be read as a part of CLIP's vocabulary: {e.Message}", e);
        }
    }

    private static char[] MakeByteSymbols()
    {
        var symbols = new char[256];
        var next = 0x100;
        for (var b = 0; b < 256; b++)
        {
            symbols[b] = b is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or >= 0xae ? (char)b : (char)next++;
        }

        return symbols;
    }
}
