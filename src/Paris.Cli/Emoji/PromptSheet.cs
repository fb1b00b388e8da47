using Paris.Core.Formats;

namespace Paris.Cli.Emoji;

/// <summary>Puts what several strategies drew from the same prompts beside the real pictures.</summary>
public static class PromptSheet
{
    /// <summary>Pixels between pictures, here and in the grids of sample jobs.</summary>
    private const int Gutter = 2;

    private const byte Background = 64;

    /// <summary>One row a prompt, in blocks beside each other: the real picture, then one a strategy.</summary>
    /// <param name="rows">[prompts][pictures], all RGB of one square size.</param>
    /// <param name="blocks">Blocks beside each other.</param>
    public static RasterImage Compose(IReadOnlyList<IReadOnlyList<RasterImage>> rows, int blocks = 1)
    {
        var side = rows[0][0].Width;
        var columns = rows.Max(row => row.Count);
        var high = (rows.Count + blocks - 1) / blocks;
        var blockWidth = (columns * (side + Gutter)) + (3 * Gutter);
        var sheet = new RasterImage((blocks * blockWidth) - (2 * Gutter), (high * (side + Gutter)) + Gutter, 3);
        sheet.Pixels.AsSpan().Fill(Background);
        for (var i = 0; i < rows.Count; i++)
        {
            for (var j = 0; j < rows[i].Count; j++)
            {
                Place(sheet, rows[i][j], (i / high * blockWidth) + Gutter + (j * (side + Gutter)), Gutter + (i % high * (side + Gutter)));
            }
        }

        return sheet;
    }

    /// <summary>The pictures of a sample job's grid: <paramref name="count"/> squares, row by row, ⌈√count⌉ a row.</summary>
    public static IReadOnlyList<RasterImage> Cut(RasterImage grid, int count)
    {
        var columns = (int)Math.Ceiling(Math.Sqrt(count));
        var side = ((grid.Width - Gutter) / columns) - Gutter;
        var rgb = grid.To(3);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var picture = new RasterImage(side, side, 3);
            for (var y = 0; y < side; y++)
            {
                rgb.Row(Gutter + (i / columns * (side + Gutter)) + y).Slice((Gutter + (i % columns * (side + Gutter))) * 3, side * 3).CopyTo(picture.Row(y));
            }

            return picture;
        })];
    }

    /// <summary>A real picture as the models see it: on white, averaged down to <paramref name="side"/>, every pixel then a square so that the whole is <paramref name="shown"/> wide.</summary>
    public static RasterImage Real(RasterImage image, int side, int shown)
    {
        var rgb = image.To(3);
        var square = Math.Min(rgb.Width, rgb.Height);
        var (left, top) = ((rgb.Width - square) / 2, (rgb.Height - square) / 2);
        var small = new byte[side * side * 3];
        for (var y = 0; y < side; y++)
        {
            var (y0, y1) = Range(y, square, side);
            for (var x = 0; x < side; x++)
            {
                var (x0, x1) = Range(x, square, side);
                for (var c = 0; c < 3; c++)
                {
                    var sum = 0;
                    for (var v = y0; v < y1; v++)
                    {
                        for (var u = x0; u < x1; u++)
                        {
                            sum += rgb.Pixels[((((top + v) * rgb.Width) + left + u) * 3) + c];
                        }
                    }

                    small[(((y * side) + x) * 3) + c] = (byte)(sum / ((y1 - y0) * (x1 - x0)));
                }
            }
        }

        var result = new RasterImage(shown, shown, 3);
        for (var y = 0; y < shown; y++)
        {
            for (var x = 0; x < shown; x++)
            {
                small.AsSpan(((y * side / shown * side) + (x * side / shown)) * 3, 3).CopyTo(result.Row(y)[(x * 3)..]);
            }
        }

        return result;
    }

    private static (int From, int To) Range(int i, int from, int to) => (i * from / to, Math.Max((i * from / to) + 1, (i + 1) * from / to));

    private static void Place(RasterImage sheet, RasterImage picture, int left, int top)
    {
        for (var y = 0; y < picture.Height; y++)
        {
            picture.Row(y).CopyTo(sheet.Row(top + y).Slice(left * 3, picture.Width * 3));
        }
    }
}
