using System.Runtime.InteropServices;

namespace Paris.Core.Formats;

/// <summary>Reads JPEG through libjpeg-turbo's TurboJPEG interface (Debian: <c>libturbojpeg0</c>), as grey or RGB.</summary>
public static partial class Jpeg
{
    private const string Library = "libturbojpeg.so.0";
    private const int GreySpace = 2; // TJCS_GRAY
    private const int CmykSpace = 3; // TJCS_CMYK; 4 is YCCK
    private const int RgbPixels = 0; // TJPF_RGB
    private const int GreyPixels = 6; // TJPF_GRAY
    private const int CmykPixels = 11; // TJPF_CMYK

    /// <summary>Accurate inverse transform; at most 500 scans, so that a small progressive file cannot cost minutes.</summary>
    private const int Flags = 4096 | 32768;

    /// <summary>True for the bytes of a JPEG file.</summary>
    public static bool IsJpeg(ReadOnlySpan<byte> bytes) => bytes.Length > 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;

    /// <summary>Decodes a file: 1 channel when it is grey, else 3.</summary>
    /// <exception cref="ParisInputException">The file is damaged or cut off, larger than <paramref name="maxPixels"/>, or the library is missing.</exception>
    public static RasterImage Decode(ReadOnlySpan<byte> bytes, string source = "JPEG data", long maxPixels = PngDecoder.DefaultMaxPixels)
    {
        var handle = Create();
        try
        {
            if (tjDecompressHeader3(handle, bytes, (nuint)bytes.Length, out var width, out var height, out _, out var space) != 0 || width < 1 || height < 1)
            {
                throw Damaged(handle, source);
            }

            if ((long)width * height > maxPixels)
            {
                throw new ParisInputException($"{source} is an image of {width} x {height} pixels; the limit is {maxPixels} pixels.");
            }

            var (format, samples) = space == GreySpace ? (GreyPixels, 1) : space >= CmykSpace ? (CmykPixels, 4) : (RgbPixels, 3);
            var pixels = new byte[checked(width * height * samples)];
            if (tjDecompress2(handle, bytes, (nuint)bytes.Length, pixels, width, width * samples, height, format, Flags) != 0)
            {
                throw Damaged(handle, source);
            }

            return samples == 4 ? FromCmyk(width, height, pixels) : new RasterImage(width, height, samples, pixels);
        }
        finally
        {
            _ = tjDestroy(handle);
        }
    }

    private static nint Create()
    {
        try
        {
            return tjInitDecompress() is var handle && handle != 0 ? handle : throw new InvalidOperationException("libturbojpeg gave no decoder.");
        }
        catch (DllNotFoundException exception)
        {
            throw new ParisInputException("JPEG files need libjpeg-turbo; install Debian's package libturbojpeg0.", exception);
        }
    }

    /// <summary>Printers' files hold inverted CMYK.</summary>
    private static RasterImage FromCmyk(int width, int height, byte[] pixels)
    {
        var image = new RasterImage(width, height, 3);
        for (int from = 0, to = 0; from < pixels.Length; from += 4, to += 3)
        {
            for (var c = 0; c < 3; c++)
            {
                image.Pixels[to + c] = (byte)(((pixels[from + c] * pixels[from + 3]) + 127) / 255);
            }
        }

        return image;
    }

    private static ParisInputException Damaged(nint handle, string source)
        => new($"{source} is a damaged JPEG file: {Marshal.PtrToStringUTF8(tjGetErrorStr2(handle))}.");

    [LibraryImport(Library)]
    private static partial nint tjInitDecompress();

    [LibraryImport(Library)]
    private static partial int tjDestroy(nint handle);

    [LibraryImport(Library)]
    private static partial nint tjGetErrorStr2(nint handle);

    [LibraryImport(Library)]
    private static partial int tjDecompressHeader3(nint handle, ReadOnlySpan<byte> bytes, nuint size, out int width, out int height, out int subsampling, out int space);

    [LibraryImport(Library)]
    private static partial int tjDecompress2(nint handle, ReadOnlySpan<byte> bytes, nuint size, Span<byte> destination, int width, int pitch, int height, int format, int flags);
}
