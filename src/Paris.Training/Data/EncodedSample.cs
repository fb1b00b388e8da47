using System.Text;
using Paris.Core;

namespace Paris.Training.Data;

/// <summary>One image file with what belongs to it, not yet read.</summary>
/// <param name="Name">Where it is, for people.</param>
/// <param name="Class">Its class's name; null without one.</param>
/// <param name="Read">Reads the image file's bytes and the caption (null without one).</param>
public sealed record EncodedSample(string Name, string? Class, Func<(byte[] Image, string? Caption)> Read)
{
    /// <summary>Largest image file read.</summary>
    public const int MaxImageBytes = 256 << 20;

    /// <summary>Largest caption or record beside an image.</summary>
    public const int MaxTextBytes = 64 << 10;

    /// <summary>Class names in label order: the spec's, or else all that occur, in ordinal order; none when no sample has a class.</summary>
    public static IReadOnlyList<string> ClassesOf(IEnumerable<EncodedSample> samples, IReadOnlyList<string> named)
    {
        string[] found = [.. samples.Select(x => x.Class).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return found.Length > 0 && named.Count > 0 ? named : found;
    }

    /// <summary>A caption's text; null when it is empty.</summary>
    /// <exception cref="ParisInputException">It is too long or no UTF-8.</exception>
    public static string? Caption(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes.Length > MaxTextBytes)
        {
            throw new ParisInputException($"The caption '{name}' has {bytes.Length} bytes; at most {MaxTextBytes} are read.");
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF').Trim();
            return text.Length > 0 ? text : null;
        }
        catch (DecoderFallbackException exception)
        {
            throw new ParisInputException($"The caption '{name}' is not UTF-8 text.", exception);
        }
    }
}

/// <summary>Image files in a fixed order: a folder, tar shards, a list.</summary>
public interface IEncodedSamples : IDisposable
{
    /// <summary>What it reads, for people.</summary>
    string Description { get; }

    /// <summary>Class names in label order; empty without classes.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>The samples in order.</summary>
    IReadOnlyList<EncodedSample> Samples { get; }
}
