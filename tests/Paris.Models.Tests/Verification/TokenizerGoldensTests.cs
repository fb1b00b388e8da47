using System.Text.Json;
using Paris.Core.Text;
using Paris.Models.Verification;
using Xunit;

namespace Paris.Models.Tests.Verification;

public sealed class TokenizerGoldensTests
{
    private const string Set = "clip-tokenizer";

    [SharedSetFact(Set)]
    public void Every_caption_gets_exactly_the_ids_of_the_reference()
    {
        var rows = TokenizerGoldens.Verify(Fixtures.FolderWith(Set)!);
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.True(row.Pass, row.ToString()));
    }

    [SharedSetFact(Set)]
    public void The_vocabulary_is_the_same_from_Hugging_Face_s_two_files()
    {
        var source = Path.Combine(Fixtures.FolderWith(Set)!, Set, ClipVocabulary.OriginalFile);
        var original = new ClipTokenizer(ClipVocabulary.Read(source));
        Assert.Equal((49408, 49406, 49407), (original.Vocabulary.Count, original.Vocabulary.Start, original.Vocabulary.End));

        var folder = Directory.CreateTempSubdirectory("paris-clip-").FullName;
        try
        {
            using (var gzip = new System.IO.Compression.GZipStream(File.OpenRead(source), System.IO.Compression.CompressionMode.Decompress))
            {
                var merges = new StreamReader(gzip).ReadToEnd().Split('\n')[1..48895];
                File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n" + string.Join('\n', merges) + "\n");
                var bytes = Enumerable.Range(0, 256).Where(b => b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174).ToArray();
                var symbols = bytes.Concat(Enumerable.Range(256, 256 - bytes.Length)).Select(c => ((char)c).ToString()).ToArray();
                string[] tokens = [.. symbols, .. symbols.Select(s => s + "</w>"), .. merges.Select(m => m.Replace(" ", "", StringComparison.Ordinal)), "<|startoftext|>", "<|endoftext|>"];
                var ids = tokens.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id);
                File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(ids));
            }

            var pair = new ClipTokenizer(ClipVocabulary.Read(folder));
            foreach (var text in new[] { "a photo of a fox", "naïve café 🦊 don't", "1,000 <|endoftext|> Σίσυφος" })
            {
                Assert.Equal(original.Tokenize(text), pair.Tokenize(text));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
