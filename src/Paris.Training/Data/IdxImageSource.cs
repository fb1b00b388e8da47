using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>
/// Grey images from an IDX file (MNIST, Fashion-MNIST; plain or gzip), with labels from a second one. Smaller images are padded to the
/// spec's side with black (0, which is x = −1), centred.
/// </summary>
public sealed class IdxImageSource : IImageSource
{
    private readonly IdxReader _images;
    private readonly IdxReader? _labels;
    private readonly byte[] _image;
    private readonly int _height;
    private readonly int _width;
    private int _next;
    private int _end;

    /// <summary>Opens both files and compares their headers.</summary>
    /// <param name="images">Path of the images.</param>
    /// <param name="labels">Path of the labels, or null.</param>
    /// <param name="classes">Names of the classes; when empty, numbers take their place.</param>
    /// <param name="side">S.</param>
    /// <param name="channels">The spec's channels; IDX images have 1.</param>
    /// <param name="limit">Only the first images; 0 takes all.</param>
    /// <exception cref="ParisInputException">A file is missing, damaged, of another kind, or the two do not belong together.</exception>
    public IdxImageSource(string images, string? labels, IReadOnlyList<string> classes, int side, int channels, int limit)
    {
        if (channels != 1)
        {
            throw new ParisInputException($"data.channels is {channels}, but IDX images are grey; set it to 1.");
        }

        _images = IdxReader.Open(images);
        try
        {
            if (_images.Shape.Length != 3 || _images.ItemBytes == 0)
            {
                throw new ParisInputException($"'{images}' has {_images.Shape.Length} dimensions, so it holds no images; name an images file (magic 0x00000803).");
            }

            (_height, _width) = (_images.Shape[1], _images.Shape[2]);
            if (_height > side || _width > side)
            {
                throw new ParisInputException($"data.imageSize is {side}, but the images of '{images}' are {_height}×{_width}; use at least {Math.Max(_height, _width)}.");
            }

            if (_images.Count == 0)
            {
                throw new ParisInputException($"'{images}' holds no images.");
            }

            if (labels is not null)
            {
                _labels = IdxReader.Open(labels);
                if (_labels.Shape.Length != 1)
                {
                    throw new ParisInputException($"'{labels}' has {_labels.Shape.Length} dimensions, so it holds no labels; name a labels file (magic 0x00000801).");
                }

                if (_labels.Count != _images.Count)
                {
                    throw new ParisInputException($"'{labels}' has {_labels.Count} labels for the {_images.Count} images of '{images}'; the two files do not belong together.");
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        _image = new byte[_height * _width];
        Side = side;
        Count = limit > 0 ? Math.Min(limit, _images.Count) : _images.Count;
        _end = Count;
        Classes = labels is null ? [] : classes;
        Description = Path.GetFileName(images);
    }

    public string Description { get; }

    public int Count { get; }

    public int Channels => 1;

    public int Side { get; }

    public IReadOnlyList<string> Classes { get; }

    public long Position => _next - 1;

    public void Select(int first, int end)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, _next);
        Span<byte> label = stackalloc byte[1];
        for (; _next < first; _next++)
        {
            _images.Read(_image);
            _labels?.Read(label);
        }

        _end = Math.Min(end, Count);
    }

    public bool TryRead(Span<byte> pixels, out long label, out string? caption)
    {
        label = -1;
        caption = null;
        if (_next >= _end)
        {
            return false;
        }

        _images.Read(_image);
        pixels[..(Side * Side)].Clear();
        var top = (Side - _height) / 2;
        var left = (Side - _width) / 2;
        for (var y = 0; y < _height; y++)
        {
            _image.AsSpan(y * _width, _width).CopyTo(pixels.Slice(((top + y) * Side) + left, _width));
        }

        if (_labels is not null)
        {
            Span<byte> one = stackalloc byte[1];
            _labels.Read(one);
            label = one[0];
            if (Classes.Count > 0 && label >= Classes.Count)
            {
                throw new ParisInputException($"Image {_next} of '{Description}' has the label {label}, but data.classes names only {Classes.Count} classes.");
            }
        }

        _next++;
        return true;
    }

    public void Dispose()
    {
        _images.Dispose();
        _labels?.Dispose();
    }
}
