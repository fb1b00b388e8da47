using System.Text;
using Paris.Core.Formats;
using Xunit;

namespace Paris.Core.Tests.Formats;

public sealed class PnmTests
{
    [Theory]
    [InlineData("P2\n# comment\n3 1\n255\n0 128 255\n", 3, 1, 1, new byte[] { 0, 128, 255 })]
    [InlineData("P2 2 1 15 0 15", 2, 1, 1, new byte[] { 0, 255 })]
    [InlineData("P3 1 1 255 1 2 3", 1, 1, 3, new byte[] { 1, 2, 3 })]
    [InlineData("P5 2 1 255\nAB", 2, 1, 1, new byte[] { 65, 66 })]
    [InlineData("P6 1 1\n255\nABC", 1, 1, 3, new byte[] { 65, 66, 67 })]
    [InlineData("P5 1 1 65535\nAA", 1, 1, 1, new byte[] { 65 })]
    public void Reads(string text, int width, int height, int channels, byte[] pixels)
    {
        var image = ImageFile.Decode(Encoding.Latin1.GetBytes(text), "x");
        Assert.Equal((width, height, channels), (image.Width, image.Height, image.Channels));
        Assert.Equal(pixels, image.Pixels);
    }

    [Theory]
    [InlineData("P5 2 2 255\nABC", "x is truncated: its 4 samples need at least 4 bytes, but 3 are left.")]
    [InlineData("P2 2 1 255 1 256", "its sample is not in 0 to 255")]
    [InlineData("P2 2 1 255 1    ", "its sample is missing")]
    [InlineData("P5 0 1 255\n", "its width is not in 1 to 2147483647")]
    [InlineData("P5 99999999999 1 255\n", "its width is not in")]
    [InlineData("P5 60000 60000 255\n", "60000 x 60000 pixels; the limit is")]
    [InlineData("P5 1 1 15\nA", "sample 0 is 65, above the file's largest value 15")]
    [InlineData("P5 1 1", "its largest value is missing")]
    [InlineData("P2 1000 1000 255 1 1 1 1 1", "is truncated")]
    public void BadFilesAreInputErrors(string text, string message)
        => Assert.Contains(message, Assert.Throws<ParisInputException>(() => ImageFile.Decode(Encoding.Latin1.GetBytes(text), "x")).Message, StringComparison.Ordinal);

    [Fact]
    public void RoundTrips()
    {
        var image = new RasterImage(2, 2, 3, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        Assert.Equal(image.Pixels, Pnm.Decode(Pnm.Encode(image)).Pixels);
        Assert.Throws<ArgumentException>(() => Pnm.Encode(new RasterImage(1, 1, 2)));
    }
}
