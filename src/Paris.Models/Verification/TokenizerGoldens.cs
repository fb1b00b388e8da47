using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Text;

namespace Paris.Models.Verification;

/// <summary>
/// The golden comparison of the tokenizer (<c>clip-tokenizer</c>): every caption's ids, and its model input under both paddings. A row is a
/// category of captions; its difference is the number of captions with any wrong id.
/// </summary>
public static class TokenizerGoldens
{
    /// <param name="fixtures">The fixtures' folder.</param>
    /// <exception cref="ParisInputException">The vocabulary or the captions cannot be read.</exception>
    public static IReadOnlyList<VerificationRow> Verify(string fixtures)
    {
        var folder = Path.Combine(fixtures, "clip-tokenizer");
        var captions = Read(Path.Combine(folder, "captions.json"));
        var tokenizer = new ClipTokenizer(ClipVocabulary.Read(Path.Combine(folder, captions.Vocab)));
        return [.. captions.Rows.GroupBy(row => row.Category).Select(group =>
        {
            var wrong = group.Count(row => !Fits(tokenizer, row, captions));
            return new VerificationRow($"clip-tokenizer: {group.Key} ({group.Count()} captions)", wrong, wrong / (double)group.Count(), 0, wrong == 0);
        })];
    }

    private static bool Fits(ClipTokenizer tokenizer, Caption row, Captions all)
    {
        var ids = tokenizer.Encode(row.Text);
        return ids.SequenceEqual(row.Ids)
            && ids.Count + 2 == row.LengthWithSotEot
            && ids.Count + 2 > all.ContextLength == row.Truncated
            && tokenizer.Tokenize(row.Text, all.ContextLength, padding: 0).SequenceEqual(row.PaddedZero)
            && tokenizer.Tokenize(row.Text, all.ContextLength).SequenceEqual(row.PaddedEot);
    }

    private static Captions Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Captions>(
                File.ReadAllBytes(path), new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = true })!;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"{path} cannot be read as the tokenizer's captions: {e.Message}", e);
        }
    }

    private sealed record Captions(string Vocab, int ContextLength, Caption[] Rows);

    private sealed record Caption(string Category, string Text, int[] Ids, int LengthWithSotEot, bool Truncated, long[] PaddedZero, long[] PaddedEot);
}
