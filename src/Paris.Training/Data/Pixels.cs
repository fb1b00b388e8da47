namespace Paris.Training.Data;

/// <summary>Between stored pixels (0 … 255) and the range the models work in (−1 … 1).</summary>
public static class Pixels
{
    private static readonly float[] Table = [.. Enumerable.Range(0, 256).Select(value => (float)((value / 127.5) - 1))];

    /// <summary>x = px/127.5 − 1.</summary>
    public static void ToFloat(ReadOnlySpan<byte> pixels, Span<float> destination)
    {
        for (var i = 0; i < pixels.Length; i++)
        {
            destination[i] = Table[pixels[i]];
        }
    }

    /// <summary>px = round((x + 1)·127.5), clamped to 0 … 255; what is not a number becomes 0.</summary>
    public static byte ToByte(float x)
    {
        var value = MathF.Round((x + 1) * 127.5f);
        return value >= 255 ? (byte)255 : value > 0 ? (byte)value : (byte)0;
    }

    /// <inheritdoc cref="ToByte(float)"/>
    public static void ToBytes(ReadOnlySpan<float> x, Span<byte> destination)
    {
        for (var i = 0; i < x.Length; i++)
        {
            destination[i] = ToByte(x[i]);
        }
    }
}
