using Paris.Core.Formats;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class ImageGridTests
{
    [Fact]
    public void Pictures_lie_row_by_row_between_gutters()
    {
        var grid = new ImageGrid(columns: 2, rows: 2, channels: 1, height: 1, width: 2, scale: 2, gutter: 1, background: 9);
        grid.Place(0, new byte[] { 1, 2 });
        grid.Place(3, new float[] { -1, 1 });

        var image = PngDecoder.Decode(grid.ToPng());

        Assert.Equal((11, 7, 1), (image.Width, image.Height, image.Channels));
        Assert.Equal(new byte[] { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 }, image.Row(0).ToArray());
        Assert.Equal(new byte[] { 9, 1, 1, 2, 2, 9, 9, 9, 9, 9, 9 }, image.Row(1).ToArray());
        Assert.Equal(image.Row(1).ToArray(), image.Row(2).ToArray());
        Assert.Equal(new byte[] { 9, 9, 9, 9, 9, 9, 0, 0, 255, 255, 9 }, image.Row(4).ToArray());
    }

    [Fact]
    public void Planes_become_colours()
    {
        var grid = new ImageGrid(columns: 1, rows: 1, channels: 3, height: 1, width: 2, gutter: 0);
        grid.Place(0, new byte[] { 1, 2, 10, 20, 100, 200 });

        Assert.Equal(new byte[] { 1, 10, 100, 2, 20, 200 }, PngDecoder.Decode(grid.ToPng()).Pixels);
    }

    [Fact]
    public void Pictures_of_another_size_are_refused()
        => Assert.Throws<ArgumentException>(() => new ImageGrid(1, 1, 1, 2, 2).Place(0, new byte[3]));
}
