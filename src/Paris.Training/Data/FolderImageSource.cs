using System.Text;
using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>
/// PNG, PGM and PPM images below a folder, in ordinal order of their relative paths, cropped to the centred square and resized. An image's
/// class is its first sub-folder; its caption is <c>NAME.txt</c> beside <c>NAME.png</c>. Transparent images lie on white.
/// </summary>
public sealed class FolderImageSource : IImageSource
{
    private const int MaxCaptionBytes = 64 * 1024;

    private static readonly string[] Extensions = [".png", ".pgm", ".ppm"];

    private readonly string _root;
    private readonly string[] _files; // relative, with '/'
    private readonly bool _labelled;
    private int _next;

    /// <summary>Lists the folder; images are opened as they are read.</summary>
    /// <param name="folder">A path whose links are resolved.</param>
    /// <param name="classes">Sub-folders in label order; when empty, all of them in ordinal order.</param>
    /// <param name="side">S.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="limit">Only the first images; 0 takes all.</param>
    /// <exception cref="ParisInputException">The folder holds no image, or an image lies in a sub-folder that is no class.</exception>
    public FolderImageSource(string folder, IReadOnlyList<string> classes, int side, int channels, int limit)
    {
        if (channels is not (1 or 3))
        {
            throw new ParisInputException($"data.channels is {channels}; use 1 (grey) or 3 (colour).");
        }

        _root = folder;
        try
        {
            // Links are not followed: they could lead out of the allowed folders.
            var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint };
            _files = [.. Directory.EnumerateFiles(folder, "*", options)
                .Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                .Select(file => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'))
                .Order(StringComparer.Ordinal)];
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new ParisInputException($"The folder '{folder}' may not be read: {exception.Message}", exception);
        }

        if (_files.Length == 0)
        {
            throw new ParisInputException($"The folder '{folder}' holds no image; PNG, PGM and PPM files are read.");
        }

        if (limit > 0)
        {
            _files = _files[..Math.Min(limit, _files.Length)];
        }

        var folders = _files.Select(ClassOf).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToArray();
        _labelled = folders.Length > 0;
        Classes = !_labelled ? [] : classes.Count > 0 ? classes : folders;
        if (folders.FirstOrDefault(name => !Classes.Contains(name, StringComparer.Ordinal)) is { } unknown)
        {
            throw new ParisInputException($"The folder '{folder}' has a sub-folder '{unknown}' that data.classes does not name; it names {string.Join(", ", Classes)}.");
        }

        Side = side;
        Channels = channels;
        Description = Path.GetFileName(folder.TrimEnd('/'));
    }

    public string Description { get; }

    public int Count => _files.Length;

    public int Channels { get; }

    public int Side { get; }

    public IReadOnlyList<string> Classes { get; }

    public bool TryRead(Span<byte> pixels, out long label, out string? caption)
    {
        label = -1;
        caption = null;
        if (_next == _files.Length)
        {
            return false;
        }

        var name = _files[_next++];
        var path = Path.Combine(_root, name);
        var image = ImageFile.Read(path).To(Channels);
        ImageResampler.CropAndResize(Planes(image), Channels, image.Height, image.Width, Side, pixels);
        if (_labelled)
        {
            label = ClassOf(name) is { } folder ? Classes.ToList().IndexOf(folder) : -1;
        }

        caption = ReadCaption(Path.ChangeExtension(path, ".txt"));
        return true;
    }

    public void Dispose()
    {
    }

    private static string? ClassOf(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? null : name[..slash];
    }

    // [H, W, C] to [C, H, W].
    private static byte[] Planes(RasterImage image)
    {
        if (image.Channels == 1)
        {
            return image.Pixels;
        }

        var planes = new byte[image.Pixels.Length];
        var area = image.Width * image.Height;
        for (var p = 0; p < area; p++)
        {
            for (var c = 0; c < image.Channels; c++)
            {
                planes[(c * area) + p] = image.Pixels[(p * image.Channels) + c];
            }
        }

        return planes;
    }

    private static string? ReadCaption(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.LinkTarget is not null)
        {
            return null;
        }

        if (file.Length > MaxCaptionBytes)
        {
            throw new ParisInputException($"The caption '{path}' has {file.Length} bytes; at most {MaxCaptionBytes} are read.");
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF').Trim();
            return text.Length > 0 ? text : null;
        }
        catch (DecoderFallbackException exception)
        {
            throw new ParisInputException($"The caption '{path}' is not UTF-8 text.", exception);
        }
    }
}
