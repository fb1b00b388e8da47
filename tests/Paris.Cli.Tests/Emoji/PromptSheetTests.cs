using Paris.Cli.Emoji;
using Paris.Core.Formats;

namespace Paris.Cli.Tests.Emoji;

public sealed class PromptSheetTests
{
    [Fact]
    public void What_is_composed_can_be_cut_again()
    {
        // Five pictures of 4×4 in a grid of three columns, as a sample job leaves them.
        RasterImage[] pictures = [.. Enumerable.Range(0, 5).Select(i => Plain(4, (byte)(10 * (i + 1))))];
        var grid = new RasterImage((3 * 6) + 2, (2 * 6) + 2, 3);
        for (var i = 0; i < pictures.Length; i++)
        {
            for (var y = 0; y < 4; y++)
            {
                pictures[i].Row(y).CopyTo(grid.Row(2 + (i / 3 * 6) + y).Slice((2 + (i % 3 * 6)) * 3, 12));
            }
        }

        Assert.Equal(pictures.Select(p => p.Pixels), PromptSheet.Cut(grid, 5).Select(p => p.Pixels));
    }

    [Fact]
    public void Rows_fill_one_block_after_the_other()
    {
        RasterImage[][] rows = [.. Enumerable.Range(0, 4).Select(i => new[] { Plain(4, (byte)(10 * (i + 1))), Plain(4, 200) })];
        var sheet = PromptSheet.Compose(rows, blocks: 2);

        Assert.Equal(((2 * 18) - 4, (2 * 6) + 2), (sheet.Width, sheet.Height));
        Assert.Equal([10, 200, 30, 200], new[] { 2, 8, 20, 26 }.Select(x => (int)sheet.Row(2)[x * 3]));
        Assert.Equal([20, 40], new[] { 2, 20 }.Select(x => (int)sheet.Row(8)[x * 3]));
        Assert.Equal(64, sheet.Row(0)[0]);
    }

    [Fact]
    public void A_real_picture_lies_on_white_and_is_averaged()
    {
        // 4×4 with alpha: the left half transparent, the right half black.
        var image = new RasterImage(4, 4, 4);
        for (var y = 0; y < 4; y++)
        {
            image.Row(y)[11] = image.Row(y)[15] = 255;
        }

        var shown = PromptSheet.Real(image, side: 2, shown: 4);
        Assert.Equal([255, 255, 0, 0], Enumerable.Range(0, 4).Select(x => (int)shown.Row(1)[x * 3]));
        Assert.Equal(127, PromptSheet.Real(image, side: 1, shown: 2).Row(0)[0]);
    }

    private static RasterImage Plain(int side, byte value) => new(side, side, 3, [.. Enumerable.Repeat(value, side * side * 3)]);
}
