using System.Text.Json;
using Paris.Core;

namespace Paris.Training.Data;

/// <summary>The captions of a set of images as JSON lines {id, caption}.</summary>
public static class CaptionLines
{
    /// <summary>One line, without its end.</summary>
    public static string Of(long id, string caption) => JsonSerializer.Serialize(new { id, caption });

    /// <summary>The sample that a line of <see cref="Of"/> belongs to.</summary>
    public static long IdOf(string line) => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("id").GetInt64();

    /// <summary>Reads the lines: the caption of each id.</summary>
    /// <exception cref="ParisInputException">A line is no such object.</exception>
    public static Dictionary<long, string> Read(ReadOnlySpan<byte> bytes, string name)
    {
        var captions = new Dictionary<long, string>();
        for (var line = 1; !bytes.IsEmpty; line++)
        {
            var end = bytes.IndexOf((byte)'\n');
            var text = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? [] : bytes[(end + 1)..];
            try
            {
                var element = JsonSerializer.Deserialize<JsonElement>(text);
                captions[element.GetProperty("id").GetInt64()] = element.GetProperty("caption").GetString() ?? throw new JsonException("the caption is null");
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new ParisInputException($"'{name}', line {line}: no {{id, caption}} ({e.Message}); run the job 'ingest' again.", e);
            }
        }

        return captions;
    }
}
