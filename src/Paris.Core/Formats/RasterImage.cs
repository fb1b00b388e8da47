namespace Paris.Core.Formats;

/// <summary>An image of 8-bit samples.</summary>
public sealed class RasterImage
{
    /// <summary>An image over <paramref name="pixels"/>, which is not copied.</summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="channels">1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.</param>
    /// <param name="pixels">[height, width, channels], row-major.</param>
    public RasterImage(int width, int height, int channels, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 4);
        if ((long)width * height * channels != pixels.Length)
        {
            throw new ArgumentException($"An image of {width} x {height} x {channels} has {(long)width * height * channels} samples; {pixels.Length} were given.", nameof(pixels));
        }

        (Width, Height, Channels, Pixels) = (width, height, channels, pixels);
    }

    /// <summary>A black image (transparent where it has alpha).</summary>
    public RasterImage(int width, int height, int channels)
        : this(width, height, channels, new byte[checked(width * height * channels)])
    {
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.</summary>
    public int Channels { get; }

    /// <summary>[height, width, channels], row-major.</summary>
    public byte[] Pixels { get; }

    public bool HasAlpha => Channels is 2 or 4;

    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * Channels, Width * Channels);

    /// <summary>The image as grey (1) or RGB (3): laid over a background where transparent, grey by the luma of Rec. 601.</summary>
    /// <param name="channels">1 or 3.</param>
    /// <param name="background">The grey value behind transparent pixels.</param>
    public RasterImage To(int channels, byte background = 255)
    {
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "Images are converted to 1 or 3 channels.");
        }

        if (channels == Channels)
        {
            return this;
        }

        var result = new byte[checked(Width * Height * channels)];
        var colour = Channels >= 3;
        for (int from = 0, to = 0; from < Pixels.Length; from += Channels, to += channels)
        {
            int red = Pixels[from];
            int green = colour ? Pixels[from + 1] : red;
            int blue = colour ? Pixels[from + 2] : red;
            if (HasAlpha)
            {
                int alpha = Pixels[from + Channels - 1];
                red = Over(red, alpha, background);
                green = Over(green, alpha, background);
                blue = Over(blue, alpha, background);
            }

            if (channels == 1)
            {
                result[to] = (byte)(((299 * red) + (587 * green) + (114 * blue) + 500) / 1000);
            }
            else
            {
                (result[to], result[to + 1], result[to + 2]) = ((byte)red, (byte)green, (byte)blue);
            }
        }

        return new RasterImage(Width, Height, channels, result);
    }

    private static int Over(int value, int alpha, int background) => ((value * alpha) + (background * (255 - alpha)) + 127) / 255;
}
