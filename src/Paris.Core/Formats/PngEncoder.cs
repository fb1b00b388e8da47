using System.Buffers.Binary;
using System.IO.Compression;

namespace Paris.Core.Formats;

/// <summary>Writes PNG (ISO/IEC 15948): 8 bits a sample, not interlaced, each row with the filter whose differences are smallest.</summary>
public static class PngEncoder
{
    public static byte[] Encode(RasterImage image, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var stream = new MemoryStream();
        Encode(image, stream, level);
        return stream.ToArray();
    }

    public static void Encode(RasterImage image, Stream stream, CompressionLevel level = CompressionLevel.Optimal)
    {
        stream.Write(Png.Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], image.Height);
        header[8] = 8;
        header[9] = image.Channels switch { 1 => Png.Grey, 2 => Png.GreyAlpha, 3 => Png.Rgb, _ => Png.Rgba };
        header[10..].Clear(); // deflate, adaptive filters, no interlace
        WriteChunk(stream, "IHDR"u8, header);

        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, level, leaveOpen: true))
        {
            WriteRows(image, zlib);
        }

        WriteChunk(stream, "IDAT"u8, data.GetBuffer().AsSpan(0, (int)data.Length));
        WriteChunk(stream, "IEND"u8, []);
    }

    private static void WriteRows(RasterImage image, Stream zlib)
    {
        var bytes = image.Width * image.Channels;
        ReadOnlySpan<byte> above = new byte[bytes];
        var candidate = new byte[1 + bytes];
        var best = new byte[1 + bytes];
        for (var y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> row = image.Row(y);
            var bestCost = long.MaxValue;
            for (var filter = 0; filter <= 4; filter++)
            {
                var cost = Filter(filter, row, above, image.Channels, candidate);
                if (cost < bestCost)
                {
                    (best, candidate, bestCost) = (candidate, best, cost);
                }
            }

            zlib.Write(best);
            above = row;
        }
    }

    /// <summary>Filters a row and returns the sum of its differences' magnitudes.</summary>
    private static long Filter(int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step, Span<byte> result)
    {
        result[0] = (byte)filter;
        var cost = 0L;
        for (var i = 0; i < row.Length; i++)
        {
            int left = i >= step ? row[i - step] : 0;
            int corner = i >= step ? above[i - step] : 0;
            var predicted = filter switch
            {
                0 => 0,
                1 => left,
                2 => above[i],
                3 => (left + above[i]) / 2,
                _ => Png.Paeth(left, above[i], corner),
            };
            var difference = (byte)(row[i] - predicted);
            result[i + 1] = difference;
            cost += Math.Abs((int)(sbyte)difference);
        }

        return cost;
    }

    private static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(type);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Png.Crc(type, data));
        stream.Write(number);
    }
}
