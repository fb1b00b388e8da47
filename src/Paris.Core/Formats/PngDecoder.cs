using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Paris.Core.Formats;

/// <summary>
/// Reads PNG (ISO/IEC 15948): every colour type, bit depth, filter and both interlace methods, as 8-bit samples (16-bit ones are
/// scaled). A palette becomes RGB, transparency by tRNS an alpha channel. The file is hostile input: CRCs are checked, and nothing
/// large is allocated before the compressed data can be long enough to fill it.
/// </summary>
public static class PngDecoder
{
    /// <summary>Largest width × height accepted by default.</summary>
    public const long DefaultMaxPixels = 1L << 25;

    private const int MaxDeflateRatio = 1032; // a property of the deflate format

    // Adam7: origin and stride of each pass.
    private static readonly (int X, int Y, int StepX, int StepY)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>True for the bytes of a PNG file.</summary>
    public static bool IsPng(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Png.Signature);

    /// <summary>Decodes a file.</summary>
    /// <exception cref="ParisInputException">The bytes are no valid PNG, or the image is larger than <paramref name="maxPixels"/>.</exception>
    public static RasterImage Decode(ReadOnlySpan<byte> bytes, string source = "PNG data", long maxPixels = DefaultMaxPixels)
    {
        if (!IsPng(bytes))
        {
            throw new ParisInputException($"{source} is not a PNG file: it does not begin with PNG's signature.");
        }

        var file = ReadChunks(bytes, source, maxPixels);
        var rawBytes = file.RawBytes();
        if (rawBytes > (file.Data.Length * MaxDeflateRatio) + 64)
        {
            throw Bad(source, $"its {file.Data.Length} compressed bytes cannot hold an image of {file.Width} x {file.Height}");
        }

        var image = new RasterImage(file.Width, file.Height, file.OutputChannels);
        file.Data.Position = 0;
        using var zlib = new ZLibStream(file.Data, CompressionMode.Decompress);
        try
        {
            if (file.Interlaced)
            {
                foreach (var pass in Passes)
                {
                    ReadPass(file, zlib, image, pass, source);
                }
            }
            else
            {
                ReadPass(file, zlib, image, (0, 0, 1, 1), source);
            }

            zlib.ReadByte(); // reaches the checksum
        }
        catch (InvalidDataException e)
        {
            throw new ParisInputException($"{source} is a damaged PNG file: its compressed data is not valid.", e);
        }

        return image;
    }

    private static Content ReadChunks(ReadOnlySpan<byte> bytes, string source, long maxPixels)
    {
        var position = Png.Signature.Length;
        Content? file = null;
        var dataEnded = false;
        while (true)
        {
            if (bytes.Length - position < 12)
            {
                throw Bad(source, "it ends before its IEND chunk (truncated?)");
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(bytes[position..]);
            var type = bytes.Slice(position + 4, 4);
            var name = ChunkName(type, source);
            if (length > bytes.Length - position - 12)
            {
                throw Bad(source, $"its chunk {name} of {length} bytes ends behind the file (truncated?)");
            }

            var data = bytes.Slice(position + 8, (int)length);
            if (BinaryPrimitives.ReadUInt32BigEndian(bytes[(position + 8 + (int)length)..]) != Png.Crc(type, data))
            {
                throw Bad(source, $"the CRC of its chunk {name} does not match");
            }

            position += 12 + (int)length;
            if (file is null)
            {
                file = name == "IHDR" ? ReadHeader(data, source, maxPixels) : throw Bad(source, $"it begins with the chunk {name}, not IHDR");
                continue;
            }

            dataEnded |= file.Data.Length > 0 && name != "IDAT";
            switch (name)
            {
                case "IDAT" when dataEnded:
                    throw Bad(source, "its IDAT chunks are not consecutive");
                case "IDAT" when file.ColourType == Png.Palette && file.Colours is null:
                    throw Bad(source, "its palette is missing");
                case "IDAT":
                    file.Data.Write(data);
                    break;
                case "PLTE" when file.Colours is null && file.Data.Length == 0 && length % 3 == 0 && length is > 0 and <= 768:
                    file.Colours = data.ToArray();
                    break;
                case "tRNS" when file.Transparency is null && file.Data.Length == 0:
                    file.Transparency = ReadTransparency(file, data, source);
                    break;
                case "IEND" when file.Data.Length > 0:
                    return file;
                case "IHDR" or "PLTE" or "tRNS" or "IEND":
                    throw Bad(source, $"its chunk {name} is not valid where it stands");
                default:
                    if (char.IsAsciiLetterUpper(name[0]))
                    {
                        throw Bad(source, $"it needs the unknown chunk {name}");
                    }

                    break;
            }
        }
    }

    private static Content ReadHeader(ReadOnlySpan<byte> data, string source, long maxPixels)
    {
        if (data.Length != 13)
        {
            throw Bad(source, $"its IHDR chunk has {data.Length} bytes, not 13");
        }

        var width = BinaryPrimitives.ReadUInt32BigEndian(data);
        var height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
        {
            throw Bad(source, $"its size is {width} x {height}");
        }

        if ((ulong)width * height > (ulong)maxPixels)
        {
            throw new ParisInputException($"{source} is an image of {width} x {height} pixels; the limit is {maxPixels} pixels.");
        }

        var (depth, colour) = (data[8], data[9]);
        var known = colour switch
        {
            Png.Grey => depth is 1 or 2 or 4 or 8 or 16,
            Png.Palette => depth is 1 or 2 or 4 or 8,
            Png.Rgb or Png.GreyAlpha or Png.Rgba => depth is 8 or 16,
            _ => false,
        };
        return !known ? throw Bad(source, $"it has the unknown combination of colour type {colour} and {depth} bits")
            : data[10] != 0 || data[11] != 0 || data[12] > 1 ? throw Bad(source, "its compression, filter or interlace method is unknown")
            : new Content((int)width, (int)height, depth, colour, data[12] == 1);
    }

    private static byte[] ReadTransparency(Content file, ReadOnlySpan<byte> data, string source)
    {
        var valid = file.ColourType switch
        {
            Png.Grey => data.Length == 2,
            Png.Rgb => data.Length == 6,
            Png.Palette => file.Colours is not null && data.Length <= file.Colours.Length / 3,
            _ => false,
        };
        return valid ? data.ToArray() : throw Bad(source, "its tRNS chunk does not fit its colour type");
    }

    private static void ReadPass(Content file, Stream zlib, RasterImage image, (int X, int Y, int StepX, int StepY) pass, string source)
    {
        var (columns, rows) = Content.PassSize(file.Width, file.Height, pass);
        if (columns == 0 || rows == 0)
        {
            return;
        }

        var bytes = file.RowBytes(columns);
        var step = Math.Max(1, file.Samples * file.Depth / 8);
        var row = new byte[1 + bytes];
        var above = new byte[1 + bytes];
        for (var y = 0; y < rows; y++)
        {
            if (zlib.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) < row.Length)
            {
                throw Bad(source, $"its compressed data ends within row {y} of {rows} (truncated?)");
            }

            if (row[0] > 4)
            {
                throw Bad(source, $"row {y} has the unknown filter {row[0]}");
            }

            Unfilter(row[0], row.AsSpan(1), above.AsSpan(1), step);
            Expand(file, row.AsSpan(1), columns, image, pass.X, pass.Y + (y * pass.StepY), pass.StepX, source);
            (row, above) = (above, row);
        }
    }

    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int step)
    {
        switch (filter)
        {
            case 1:
                for (var i = step; i < row.Length; i++)
                {
                    row[i] += row[i - step];
                }

                break;
            case 2:
                for (var i = 0; i < row.Length; i++)
                {
                    row[i] += above[i];
                }

                break;
            case 3:
                for (var i = 0; i < row.Length; i++)
                {
                    row[i] += (byte)(((i >= step ? row[i - step] : 0) + above[i]) / 2);
                }

                break;
            case 4:
                for (var i = 0; i < row.Length; i++)
                {
                    row[i] += (byte)(i >= step ? Png.Paeth(row[i - step], above[i], above[i - step]) : above[i]);
                }

                break;
        }
    }

    /// <summary>Writes a row's pixels to columns x, x + stepX, … of the image.</summary>
    private static void Expand(Content file, ReadOnlySpan<byte> row, int columns, RasterImage image, int x, int y, int stepX, string source)
    {
        var target = image.Row(y);
        var channels = image.Channels;
        if (file.Depth == 8 && file.ColourType != Png.Palette && file.Transparency is null && stepX == 1)
        {
            row.CopyTo(target);
            return;
        }

        Span<int> samples = stackalloc int[4];
        for (var i = 0; i < columns; i++)
        {
            for (var s = 0; s < file.Samples; s++)
            {
                samples[s] = Sample(row, (i * file.Samples) + s, file.Depth);
            }

            var pixel = target.Slice((x + (i * stepX)) * channels, channels);
            if (file.ColourType == Png.Palette)
            {
                var colour = 3 * samples[0];
                if (colour >= file.Colours!.Length)
                {
                    throw Bad(source, $"a pixel has colour {samples[0]}, but the palette has {file.Colours.Length / 3}");
                }

                file.Colours.AsSpan(colour, 3).CopyTo(pixel);
                if (file.Transparency is not null)
                {
                    pixel[3] = samples[0] < file.Transparency.Length ? file.Transparency[samples[0]] : (byte)255;
                }

                continue;
            }

            for (var s = 0; s < file.Samples; s++)
            {
                pixel[s] = file.Depth switch
                {
                    8 => (byte)samples[s],
                    16 => (byte)(((samples[s] * 255) + 32767) / 65535),
                    _ => (byte)(samples[s] * 255 / ((1 << file.Depth) - 1)),
                };
            }

            if (file.Transparency is not null)
            {
                var transparent = true;
                for (var s = 0; s < file.Samples; s++)
                {
                    transparent &= BinaryPrimitives.ReadUInt16BigEndian(file.Transparency.AsSpan(2 * s)) == samples[s];
                }

                pixel[^1] = transparent ? (byte)0 : (byte)255;
            }
        }
    }

    private static int Sample(ReadOnlySpan<byte> row, int index, int depth) => depth switch
    {
        8 => row[index],
        16 => BinaryPrimitives.ReadUInt16BigEndian(row[(2 * index)..]),
        _ => (row[index * depth / 8] >> (8 - depth - (index * depth % 8))) & ((1 << depth) - 1),
    };

    private static string ChunkName(ReadOnlySpan<byte> type, string source)
    {
        foreach (var letter in type)
        {
            if (!char.IsAsciiLetter((char)letter))
            {
                throw Bad(source, $"a chunk's type is {Convert.ToHexString(type)}, which is no name");
            }
        }

        return Encoding.ASCII.GetString(type);
    }

    private static ParisInputException Bad(string source, string what) => new($"{source} is not a valid PNG file: {what}.");

    private sealed class Content(int width, int height, int depth, int colourType, bool interlaced)
    {
        public int Width => width;

        public int Height => height;

        public int Depth => depth;

        public int ColourType => colourType;

        public bool Interlaced => interlaced;

        public byte[]? Colours { get; set; }

        public byte[]? Transparency { get; set; }

        public MemoryStream Data { get; } = new();

        /// <summary>Samples of a stored pixel.</summary>
        public int Samples => ColourType switch { Png.Grey or Png.Palette => 1, Png.GreyAlpha => 2, Png.Rgb => 3, _ => 4 };

        public int OutputChannels => (ColourType == Png.Palette ? 3 : Samples) + (Transparency is null ? 0 : 1);

        public static (int Columns, int Rows) PassSize(int width, int height, (int X, int Y, int StepX, int StepY) pass)
            => ((width - pass.X + pass.StepX - 1) / pass.StepX, (height - pass.Y + pass.StepY - 1) / pass.StepY);

        public int RowBytes(int columns) => checked((int)((((long)columns * Samples * Depth) + 7) / 8));

        /// <summary>Bytes after decompression: every row with its filter.</summary>
        public long RawBytes()
        {
            var total = 0L;
            foreach (var pass in Interlaced ? Passes : [(0, 0, 1, 1)])
            {
                var (columns, rows) = PassSize(Width, Height, pass);
                total += columns == 0 ? 0 : rows * (1L + RowBytes(columns));
            }

            return total;
        }
    }
}
