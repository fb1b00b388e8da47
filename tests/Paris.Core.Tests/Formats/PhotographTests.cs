using System.Buffers.Binary;
using Paris.Core.Formats;
using Xunit;

namespace Paris.Core.Tests.Formats;

/// <summary>JPEG and WebP through their libraries; hostile files end in a sentence and allocate nothing large.</summary>
public sealed class PhotographTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AJpegReadsNearlyAsWritten(int channels)
    {
        var image = Smooth(40, 24, channels);

        var read = ImageFile.Decode(NativeEncoders.Jpeg(image), "photo.jpg");

        Assert.Equal((40, 24, channels), (read.Width, read.Height, read.Channels));
        Assert.True(image.Pixels.Zip(read.Pixels).All(x => Math.Abs(x.First - x.Second) <= 8));
    }

    [Fact]
    public void APrintersJpegBecomesRgb()
    {
        // Inverted CMYK: 255 is no ink.
        var image = new RasterImage(16, 16, 4);
        for (var i = 0; i < image.Pixels.Length; i += 4)
        {
            (image.Pixels[i], image.Pixels[i + 1], image.Pixels[i + 2], image.Pixels[i + 3]) = (255, 128, 0, 255);
        }

        var read = ImageFile.Decode(NativeEncoders.Jpeg(image), "print.jpg");

        Assert.Equal(3, read.Channels);
        Assert.True(Math.Abs(read.Pixels[0] - 255) <= 4 && Math.Abs(read.Pixels[1] - 128) <= 4 && read.Pixels[2] <= 4, string.Join(' ', read.Pixels[..3]));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void ALosslessWebPReadsAsWritten(int channels)
    {
        var image = Smooth(33, 17, channels);

        var read = ImageFile.Decode(NativeEncoders.WebP(image), "photo.webp");

        Assert.Equal((33, 17, channels), (read.Width, read.Height, read.Channels));
        Assert.Equal(image.Pixels, read.Pixels);
    }

    [Fact]
    public void WhatIsCutOffOrDamagedIsNamed()
    {
        var jpeg = NativeEncoders.Jpeg(Smooth(64, 64, 3));
        var webp = NativeEncoders.WebP(Smooth(64, 64, 3));

        Assert.Contains("x is a damaged JPEG file: ", Refused(jpeg[..(jpeg.Length / 2)]));
        Assert.Contains("x is a damaged JPEG file: ", Refused([0xFF, 0xD8, 0xFF, 0xE0, 0]));
        Assert.Contains("x is a damaged WebP file: ", Refused(webp[..(webp.Length / 2)]));
        Assert.Contains("x is a damaged WebP file: ", Refused(webp[..16]));
    }

    [Fact]
    public void AnImageBombIsRefusedByItsHeader()
    {
        var jpeg = NativeEncoders.Jpeg(Smooth(16, 16, 3));
        var frame = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 65_000);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 65_000);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Contains("65000 x 65000 pixels; the limit is", Refused(jpeg));

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    private static string Refused(byte[] bytes) => Assert.Throws<ParisInputException>(() => ImageFile.Decode(bytes, "x")).Message;

    private static RasterImage Smooth(int width, int height, int channels)
    {
        var image = new RasterImage(width, height, channels);
        for (var i = 0; i < image.Pixels.Length; i++)
        {
            var (c, x, y) = (i % channels, i / channels % width, i / channels / width);
            image.Pixels[i] = (byte)(c == 3 ? 255 - x : (x * 3) + (y * 2) + (c * 30));
        }

        return image;
    }
}
