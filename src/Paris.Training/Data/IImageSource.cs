namespace Paris.Training.Data;

/// <summary>
/// Images in a fixed order, read once and forwards. Every image has the shape [C, S, S] that the spec asks for.
/// </summary>
public interface IImageSource : IDisposable
{
    /// <summary>What it reads, for people.</summary>
    string Description { get; }

    /// <summary>Images, after the spec's limit.</summary>
    int Count { get; }

    /// <summary>C.</summary>
    int Channels { get; }

    /// <summary>S.</summary>
    int Side { get; }

    /// <summary>Names of the classes in label order; empty when the images have no labels.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>Number in the source, from 0, of the image that was read last: its id in the data set, whatever was left out before it.</summary>
    long Position { get; }

    /// <summary>Reads only the images <paramref name="first"/> … <paramref name="end"/> − 1 from here on; <paramref name="first"/> lies behind what was read.</summary>
    void Select(int first, int end);

    /// <summary>Reads the next image; false after the last that is selected.</summary>
    /// <param name="pixels">[C, S, S], written.</param>
    /// <param name="label">Its class; −1 without labels.</param>
    /// <param name="caption">Its caption, or null.</param>
    /// <exception cref="Paris.Core.ParisInputException">The image or the file around it is damaged.</exception>
    bool TryRead(Span<byte> pixels, out long label, out string? caption);
}
