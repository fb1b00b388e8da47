using System.Runtime.InteropServices;

namespace Paris.Core.Formats;

/// <summary>Reads still WebP images through libwebp (Debian: <c>libwebp7</c>), as RGB, or RGBA where they have alpha.</summary>
public static partial class WebP
{
    private const string Library = "libwebp.so.7";
    private const int AbiVersion = 0x0209;

    /// <summary>True for the bytes of a WebP file.</summary>
    public static bool IsWebP(ReadOnlySpan<byte> bytes) => bytes.Length > 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8);

    /// <summary>Decodes a file.</summary>
    /// <exception cref="ParisInputException">The file is damaged, animated, larger than <paramref name="maxPixels"/>, or the library is missing.</exception>
    public static RasterImage Decode(ReadOnlySpan<byte> bytes, string source = "WebP data", long maxPixels = PngDecoder.DefaultMaxPixels)
    {
        Features features = default;
        try
        {
            if (WebPGetFeaturesInternal(bytes, (nuint)bytes.Length, ref features, AbiVersion) != 0 || features.Width < 1 || features.Height < 1)
            {
                throw new ParisInputException($"{source} is a damaged WebP file: its header is not valid.");
            }
        }
        catch (DllNotFoundException exception)
        {
            throw new ParisInputException("WebP files need libwebp; install Debian's package libwebp7.", exception);
        }

        if (features.HasAnimation != 0)
        {
            throw new ParisInputException($"{source} is an animation; still images are read.");
        }

        if ((long)features.Width * features.Height > maxPixels)
        {
            throw new ParisInputException($"{source} is an image of {features.Width} x {features.Height} pixels; the limit is {maxPixels} pixels.");
        }

        var channels = features.HasAlpha != 0 ? 4 : 3;
        var image = new RasterImage(features.Width, features.Height, channels);
        var (size, stride) = ((nuint)image.Pixels.Length, features.Width * channels);
        var decoded = channels == 4
            ? WebPDecodeRGBAInto(bytes, (nuint)bytes.Length, image.Pixels, size, stride)
            : WebPDecodeRGBInto(bytes, (nuint)bytes.Length, image.Pixels, size, stride);
        return decoded != 0 ? image : throw new ParisInputException($"{source} is a damaged WebP file: its image data is not valid or cut off.");
    }

    [LibraryImport(Library)]
    private static partial int WebPGetFeaturesInternal(ReadOnlySpan<byte> bytes, nuint size, ref Features features, int version);

    [LibraryImport(Library)]
    private static partial nint WebPDecodeRGBInto(ReadOnlySpan<byte> bytes, nuint size, Span<byte> destination, nuint destinationSize, int stride);

    [LibraryImport(Library)]
    private static partial nint WebPDecodeRGBAInto(ReadOnlySpan<byte> bytes, nuint size, Span<byte> destination, nuint destinationSize, int stride);

    /// <summary><c>WebPBitstreamFeatures</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct Features
    {
        public int Width;
        public int Height;
        public int HasAlpha;
        public int HasAnimation;
    }
}
