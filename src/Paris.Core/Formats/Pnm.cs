using System.Globalization;
using System.Text;

namespace Paris.Core.Formats;

/// <summary>PGM and PPM (Netpbm): reads P2, P3, P5 and P6 with any depth as 8-bit samples, writes P5 and P6.</summary>
public static class Pnm
{
    /// <summary>True for the bytes of a file this class reads.</summary>
    public static bool IsPnm(ReadOnlySpan<byte> bytes)
        => bytes.Length > 2 && bytes[0] == 'P' && bytes[1] is (byte)'2' or (byte)'3' or (byte)'5' or (byte)'6' && IsBlank(bytes[2]);

    /// <summary>Decodes a file; only its first image if it holds several.</summary>
    /// <exception cref="ParisInputException">The bytes are no valid file, or the image is larger than <paramref name="maxPixels"/>.</exception>
    public static RasterImage Decode(ReadOnlySpan<byte> bytes, string source = "PNM data", long maxPixels = PngDecoder.DefaultMaxPixels)
    {
        if (!IsPnm(bytes))
        {
            throw new ParisInputException($"{source} is not a PGM or PPM file: it does not begin with P2, P3, P5 or P6.");
        }

        var kind = bytes[1] - '0';
        var channels = kind is 3 or 6 ? 3 : 1;
        var position = 2;
        var width = Number(bytes, ref position, source, "width", 1, int.MaxValue);
        var height = Number(bytes, ref position, source, "height", 1, int.MaxValue);
        var top = Number(bytes, ref position, source, "largest value", 1, 65535);
        if ((long)width * height > maxPixels)
        {
            throw new ParisInputException($"{source} is an image of {width} x {height} pixels; the limit is {maxPixels} pixels.");
        }

        var samples = (long)width * height * channels;
        var width16 = top > 255 ? 2 : 1;
        if (kind >= 5)
        {
            position++; // exactly one blank
        }

        var left = bytes.Length - (long)position;
        var needed = kind >= 5 ? samples * width16 : (2 * samples) - 1;
        if (left < needed)
        {
            throw new ParisInputException($"{source} is truncated: its {samples} samples need at least {needed} bytes, but {Math.Max(0, left)} are left.");
        }

        var pixels = new byte[samples];
        for (var i = 0; i < pixels.Length; i++)
        {
            int value;
            if (kind < 5)
            {
                value = Number(bytes, ref position, source, "sample", 0, top);
            }
            else
            {
                value = width16 == 1 ? bytes[position] : (bytes[position] << 8) | bytes[position + 1];
                position += width16;
                if (value > top)
                {
                    throw new ParisInputException($"{source} is not valid: sample {i} is {value}, above the file's largest value {top}.");
                }
            }

            pixels[i] = top == 255 ? (byte)value : (byte)(((value * 255) + (top / 2)) / top);
        }

        return new RasterImage(width, height, channels, pixels);
    }

    /// <summary>P5 for grey, P6 for RGB.</summary>
    /// <exception cref="ArgumentException">The image has alpha.</exception>
    public static byte[] Encode(RasterImage image)
    {
        if (image.HasAlpha)
        {
            throw new ArgumentException("PGM and PPM have no alpha; convert the image first.", nameof(image));
        }

        return [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"P{(image.Channels == 1 ? 5 : 6)}\n{image.Width} {image.Height}\n255\n")), .. image.Pixels];
    }

    private static int Number(ReadOnlySpan<byte> bytes, ref int position, string source, string what, int least, int most)
    {
        while (position < bytes.Length && (IsBlank(bytes[position]) || bytes[position] == '#'))
        {
            if (bytes[position] == '#')
            {
                while (position < bytes.Length && bytes[position] is not ((byte)'\n' or (byte)'\r'))
                {
                    position++;
                }
            }
            else
            {
                position++;
            }
        }

        var start = position;
        var value = 0L;
        while (position < bytes.Length && bytes[position] is >= (byte)'0' and <= (byte)'9' && value <= int.MaxValue)
        {
            value = (10 * value) + bytes[position++] - '0';
        }

        return position > start && value >= least && value <= most
            ? (int)value
            : throw new ParisInputException($"{source} is not a valid PGM or PPM file: its {what} is {(position > start ? $"not in {least} to {most}" : "missing")}.");
    }

    private static bool IsBlank(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0B or 0x0C;
}
