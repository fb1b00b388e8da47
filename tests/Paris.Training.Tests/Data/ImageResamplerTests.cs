using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class ImageResamplerTests
{
    [Theory]
    [InlineData(16, 16, 4)]
    [InlineData(9, 16, 4)]
    [InlineData(3, 5, 8)]
    public void A_flat_image_stays_flat(int height, int width, int side)
    {
        var pixels = new byte[height * width];
        pixels.AsSpan().Fill(77);
        var result = new byte[side * side];

        ImageResampler.CropAndResize(pixels, 1, height, width, side, result);

        Assert.All(result, value => Assert.Equal(77, value));
    }

    [Fact]
    public void The_same_size_is_the_same_image()
    {
        var pixels = Clustering.PixelPcaTests.Noise(2 * 8 * 8, 4);
        var result = new byte[pixels.Length];

        ImageResampler.CropAndResize(pixels, 2, 8, 8, 8, result);

        Assert.Equal(pixels, result);
    }

    [Fact]
    public void A_checkerboard_does_not_alias()
    {
        var pixels = new byte[64 * 64];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = ((i % 64) + (i / 64)) % 2 == 0 ? (byte)255 : (byte)0;
        }

        var result = new byte[8 * 8];
        ImageResampler.CropAndResize(pixels, 1, 64, 64, 8, result);

        Assert.All(result, value => Assert.InRange(value, 122, 133));
    }
}
