namespace Paris.Core.Formats;

/// <summary>Reads an image of any supported format, recognised by its content, never by its name.</summary>
public static class ImageFile
{
    /// <summary>Endings of the names of image files.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".jpg", ".jpeg", ".png", ".webp", ".pgm", ".ppm"];

    /// <summary>The format by its content: <c>jpeg</c>, <c>png</c>, <c>webp</c>, <c>pnm</c>; null for any other.</summary>
    public static string? FormatOf(ReadOnlySpan<byte> bytes)
        => PngDecoder.IsPng(bytes) ? "png" : Pnm.IsPnm(bytes) ? "pnm" : Jpeg.IsJpeg(bytes) ? "jpeg" : WebP.IsWebP(bytes) ? "webp" : null;

    /// <summary>Decodes JPEG, PNG, WebP, PGM or PPM.</summary>
    /// <exception cref="ParisInputException">The bytes are of no supported format, not valid, or too large.</exception>
    public static RasterImage Decode(ReadOnlySpan<byte> bytes, string source, long maxPixels = PngDecoder.DefaultMaxPixels)
    {
        if (PngDecoder.IsPng(bytes))
        {
            return PngDecoder.Decode(bytes, source, maxPixels);
        }

        if (Pnm.IsPnm(bytes))
        {
            return Pnm.Decode(bytes, source, maxPixels);
        }

        if (Jpeg.IsJpeg(bytes))
        {
            return Jpeg.Decode(bytes, source, maxPixels);
        }

        if (WebP.IsWebP(bytes))
        {
            return WebP.Decode(bytes, source, maxPixels);
        }

        var known = bytes.StartsWith("GIF8"u8) ? "a GIF file" : bytes.IsEmpty ? "empty" : "no known image file";
        throw new ParisInputException($"{source} is {known}; JPEG, PNG, WebP, PGM and PPM are read.");
    }

    /// <summary>Reads and decodes a file.</summary>
    /// <exception cref="ParisInputException">There is no such file, or <see cref="Decode"/> refuses it.</exception>
    public static RasterImage Read(string path, long maxPixels = PngDecoder.DefaultMaxPixels)
    {
        try
        {
            return Decode(File.ReadAllBytes(path), path, maxPixels);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ParisInputException($"There is no file '{path}'.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ParisInputException($"The file '{path}' may not be read, or is a folder.", e);
        }
    }
}
