using System.Runtime.InteropServices;
using Paris.Core.Formats;

namespace Paris.Core.Tests.Formats;

/// <summary>Writes the photographs that the tests read, by the encoders of the same libraries. The product only decodes.</summary>
public static partial class NativeEncoders
{
    public static byte[] Jpeg(RasterImage image, int quality = 95)
    {
        var handle = tjInitCompress();
        nint buffer = 0;
        nuint size = 0;
        var format = image.Channels == 1 ? 6 : image.Channels == 4 ? 11 : 0;
        if (tjCompress2(handle, image.Pixels, image.Width, image.Width * image.Channels, image.Height, format, ref buffer, ref size, image.Channels == 1 ? 3 : 0, quality, 0) != 0)
        {
            throw new InvalidOperationException("libturbojpeg did not compress the picture");
        }

        var bytes = new byte[size];
        Marshal.Copy(buffer, bytes, 0, bytes.Length);
        tjFree(buffer);
        _ = tjDestroy(handle);
        return bytes;
    }

    public static byte[] WebP(RasterImage image)
    {
        var stride = image.Width * image.Channels;
        var size = image.Channels == 4
            ? WebPEncodeLosslessRGBA(image.Pixels, image.Width, image.Height, stride, out var buffer)
            : WebPEncodeLosslessRGB(image.Pixels, image.Width, image.Height, stride, out buffer);
        var bytes = new byte[size];
        Marshal.Copy(buffer, bytes, 0, bytes.Length);
        WebPFree(buffer);
        return bytes;
    }

    [LibraryImport("libturbojpeg.so.0")]
    private static partial nint tjInitCompress();

    [LibraryImport("libturbojpeg.so.0")]
    private static partial int tjDestroy(nint handle);

    [LibraryImport("libturbojpeg.so.0")]
    private static partial void tjFree(nint buffer);

    [LibraryImport("libturbojpeg.so.0")]
    private static partial int tjCompress2(nint handle, ReadOnlySpan<byte> pixels, int width, int pitch, int height, int format, ref nint buffer, ref nuint size, int subsampling, int quality, int flags);

    [LibraryImport("libwebp.so.7")]
    private static partial nuint WebPEncodeLosslessRGB(ReadOnlySpan<byte> pixels, int width, int height, int stride, out nint output);

    [LibraryImport("libwebp.so.7")]
    private static partial nuint WebPEncodeLosslessRGBA(ReadOnlySpan<byte> pixels, int width, int height, int stride, out nint output);

    [LibraryImport("libwebp.so.7")]
    private static partial void WebPFree(nint buffer);
}
