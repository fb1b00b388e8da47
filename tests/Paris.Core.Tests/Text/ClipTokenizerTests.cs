using System.IO.Compression;
using System.Text.Json;
using Paris.Core.Text;
using Xunit;

namespace Paris.Core.Tests.Text;

/// <summary>The rules of the tokenizer on a vocabulary made here; the real one is compared in Paris.Models.Tests (TokenizerGoldensTests).</summary>
public sealed class ClipTokenizerTests : IDisposable
{
    private static readonly string[] _merges = ["c a", "ca t</w>", "o n</w>", "d o", "do g</w>", "! !", "!! !</w>"];

    private readonly string _folder = Directory.CreateTempSubdirectory("paris-clip-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Pairs_merge_in_the_order_of_their_rank_and_the_rest_stays_bytes()
    {
        var (tokenizer, id) = Small();
        Assert.Equal([id("cat</w>"), id("on</w>"), id("dog</w>")], tokenizer.Encode("Cat on  DOG"));
        Assert.Equal([id("ca"), id("t"), id("s</w>")], tokenizer.Encode("cats"));
        Assert.Equal([id("Ã"), id("©</w>")], tokenizer.Encode("é")); // two bytes
        Assert.Equal([id("!!"), id("!"), id("!</w>")], tokenizer.Encode("!!!!")); // left to right, each symbol once
    }

    [Fact]
    public void Words_are_split_as_in_the_reference()
    {
        var (tokenizer, id) = Small();
        Assert.Equal([id("1</w>"), id("2</w>"), id("Â"), id("½</w>")], tokenizer.Encode("12½"));
        Assert.Equal([id("cat</w>"), id("'"), id("s</w>")], tokenizer.Encode("cat's"));
        Assert.Equal([id("!"), id("'</w>"), id("s</w>")], tokenizer.Encode("!'s")); // the run of signs comes first
        Assert.Equal([id("a</w>"), id("b</w>")], tokenizer.Encode("a\u0345b")); // the one mark that is passed over
        Assert.Equal([tokenizer.Vocabulary.Start, id("cat</w>"), tokenizer.Vocabulary.End], tokenizer.Encode("<|StartOfText|>cat<|endoftext|>"));
    }

    [Fact]
    public void A_long_text_is_cut_and_keeps_its_end_and_a_short_one_is_padded()
    {
        var (tokenizer, id) = Small();
        var (start, end) = (tokenizer.Vocabulary.Start, tokenizer.Vocabulary.End);
        Assert.Equal([start, id("cat</w>"), end, end, end], tokenizer.Tokenize("cat", 5));
        Assert.Equal([start, id("cat</w>"), end, 0, 0], tokenizer.Tokenize("cat", 5, padding: 0));
        Assert.Equal([start, id("cat</w>"), id("dog</w>"), id("cat</w>"), end], tokenizer.Tokenize("cat dog cat dog", 5));
        Assert.Equal([start, end, end], tokenizer.Tokenize("", 3));
        Assert.Equal(77, tokenizer.Tokenize("cat").Length);
    }

    [Fact]
    public void Damaged_vocabularies_are_told_in_words()
    {
        Fails("neither vocab.json", _folder);
        Fails("cannot be read", Path.Combine(_folder, "none.txt.gz"));

        var merges = Path.Combine(_folder, "short.txt");
        File.WriteAllText(merges, "heading\nc a\n");
        Fails("has 3 lines", merges);

        var bomb = Path.Combine(_folder, "bomb.gz");
        using (var gzip = new GZipStream(File.Create(bomb), CompressionLevel.Fastest))
        {
            for (var i = 0; i < 66; i++)
            {
                gzip.Write(new byte[1 << 20]);
            }
        }

        Fails("longer than 64 MiB", bomb);

        Write(["c a"], without: "ca");
        Fails("lacks 'ca'", _folder);
        Write(["c a t"]);
        Fails("two symbols", _folder);
        File.WriteAllText(Path.Combine(_folder, "vocab.json"), "[");
        Fails("is no vocabulary", _folder);

        static void Fails(string part, string path) =>
            Assert.Contains(part, Assert.Throws<ParisInputException>(() => ClipVocabulary.Read(path)).Message, StringComparison.Ordinal);
    }

    private (ClipTokenizer Tokenizer, Func<string, int> Id) Small()
    {
        var tokens = Write(_merges);
        return (new ClipTokenizer(ClipVocabulary.Read(_folder)), token => tokens[token]);
    }

    /// <summary>Writes vocab.json and merges.txt: every byte symbol, what the merges make, the two ends.</summary>
    private Dictionary<string, int> Write(string[] merges, string? without = null)
    {
        var printable = Enumerable.Range(0, 256).Where(b => b is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or >= 0xae).Select(b => (char)b);
        var symbols = printable.Concat(Enumerable.Range(0, 256 - printable.Count()).Select(i => (char)(0x100 + i))).Select(c => c.ToString()).ToList();
        var names = symbols.Concat(symbols.Select(s => s + "</w>")).Concat(merges.Select(m => m.Replace(" ", "", StringComparison.Ordinal)))
            .Concat(["<|startoftext|>", "<|endoftext|>"]).Where(name => name != without);
        var tokens = names.Select((name, i) => (name, i)).ToDictionary(t => t.name, t => t.i);
        File.WriteAllBytes(Path.Combine(_folder, "vocab.json"), JsonSerializer.SerializeToUtf8Bytes(tokens));
        File.WriteAllText(Path.Combine(_folder, "merges.txt"), "#version: 0.2\n" + string.Join('\n', merges) + "\n");
        return tokens;
    }
}
