namespace Paris.Training.Data;

/// <summary>Centre crop to a square and resize, with a triangle filter as wide as the reduction (no aliasing).</summary>
public static class ImageResampler
{
    /// <summary>The largest centred square of an image, resized to <paramref name="side"/>.</summary>
    /// <param name="pixels">[C, H, W].</param>
    /// <param name="channels">C.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="side">Side of the result.</param>
    /// <param name="destination">[C, side, side], written.</param>
    public static void CropAndResize(ReadOnlySpan<byte> pixels, int channels, int height, int width, int side, Span<byte> destination)
    {
        var square = Math.Min(height, width);
        var top = (height - square) / 2;
        var left = (width - square) / 2;
        var taps = Taps(square, side);
        var rows = new float[square * side]; // horizontally resized
        for (var c = 0; c < channels; c++)
        {
            var plane = pixels.Slice(c * height * width, height * width);
            for (var y = 0; y < square; y++)
            {
                var source = plane.Slice(((top + y) * width) + left, square);
                for (var x = 0; x < side; x++)
                {
                    var (first, weights) = taps[x];
                    var sum = 0f;
                    for (var i = 0; i < weights.Length; i++)
                    {
                        sum += weights[i] * source[first + i];
                    }

                    rows[(y * side) + x] = sum;
                }
            }

            for (var y = 0; y < side; y++)
            {
                var (first, weights) = taps[y];
                for (var x = 0; x < side; x++)
                {
                    var sum = 0f;
                    for (var i = 0; i < weights.Length; i++)
                    {
                        sum += weights[i] * rows[((first + i) * side) + x];
                    }

                    destination[(((c * side) + y) * side) + x] = (byte)Math.Clamp(MathF.Round(sum), 0, 255);
                }
            }
        }
    }

    private static (int First, float[] Weights)[] Taps(int from, int to)
    {
        var scale = (double)from / to;
        var radius = Math.Max(1, scale);
        var taps = new (int, float[])[to];
        for (var i = 0; i < to; i++)
        {
            var centre = ((i + 0.5) * scale) - 0.5;
            var first = Math.Max(0, (int)Math.Ceiling(centre - radius));
            var last = Math.Min(from - 1, (int)Math.Floor(centre + radius));
            var weights = new double[last - first + 1];
            for (var j = first; j <= last; j++)
            {
                weights[j - first] = Math.Max(0, 1 - (Math.Abs(j - centre) / radius));
            }

            var total = weights.Sum();
            taps[i] = total > 0
                ? (first, [.. weights.Select(weight => (float)(weight / total))])
                : (Math.Clamp((int)Math.Round(centre), 0, from - 1), [1f]);
        }

        return taps;
    }
}
