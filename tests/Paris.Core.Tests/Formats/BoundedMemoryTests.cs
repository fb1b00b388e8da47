using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Paris.Core.Formats;
using Paris.Core.Formats.Torch;
using Paris.Core.Interop;
using Xunit;

namespace Paris.Core.Tests.Formats;

/// <summary>
/// Files made to exhaust memory, as large as they claim to be where that is what hurts: each ends in a sentence, and what was allocated on
/// the way stays below a stated bound. Slow for unit tests (seconds): some of the files have hundreds of megabytes, most of them holes.
/// </summary>
public sealed class BoundedMemoryTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("paris-hostile-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The header's length is true: there are a billion bytes of it.</summary>
    [Fact]
    public void AHeaderOfAGigabyte()
    {
        var path = Holes("giga.safetensors", 8 + (1L << 30) + 64, file => file.Write(BitConverter.GetBytes(1UL << 30)));

        Assert.Contains("its header would have 1073741824 bytes; the limit is 100000000", Refused(() => SafetensorsFile.Open(path).Dispose(), 1 * MiB));
        Assert.Contains("its header would have 1073741824 bytes", Refused(() => WeightsOnDisk.Tensors(path), 1 * MiB));
    }

    /// <summary>The largest header that is read, filled with what a parser chokes on.</summary>
    [Theory]
    [InlineData("[", "")]
    [InlineData("{\"a\":", "")]
    [InlineData(" ", "")]
    [InlineData("\"\\u0041", "{\"")]
    public void AHeaderAsLongAsMayBe(string unit, string start)
    {
        var path = Path.Combine(_folder, "long.safetensors");
        using (var file = File.Create(path))
        {
            file.Write(BitConverter.GetBytes(99_999_992UL));
            var line = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(unit, 1 << 16)));
            file.Write(Encoding.ASCII.GetBytes(start));
            for (var left = 99_999_992L - start.Length; left > 0; left -= line.Length)
            {
                file.Write(line.AsSpan(0, (int)Math.Min(left, line.Length)));
            }
        }

        Assert.Contains("safetensors", Refused(() => SafetensorsFile.Open(path).Dispose(), 4 * MiB));
    }

    /// <summary>Tensors of no elements, which the format allows: a million are refused, fewer are compared, and the sentence stays readable.</summary>
    [Theory]
    [InlineData(1_000_000, "more than 100000 tensors")]
    [InlineData(90_000, "missing 'pos_embed'")]
    [InlineData(90_000, "and 88001 more")]
    public void ManyEmptyTensorsAreNoModel(int count, string message)
    {
        var header = new StringBuilder("{");
        for (var i = 0; i < count; i++)
        {
            header.Append(i == 0 ? "" : ",").Append('"').Append(i).Append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}");
        }

        var json = Encoding.ASCII.GetBytes(header.Append('}').ToString());
        var path = Path.Combine(_folder, "many.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((ulong)json.Length), .. json]);

        Assert.Contains(message, Refused(
            () => PublishedShapes.Check(path, WeightsOnDisk.Tensors(path), new Dictionary<string, long[]> { ["pos_embed"] = [1] }, "expert_0/config.json"),
            150 * MiB));
    }

    [Theory]
    [InlineData((byte)']')] // an empty list each
    [InlineData((byte)'}')]
    [InlineData((byte)'(')] // a mark each
    [InlineData((byte)'N')]
    public void APickleThatPilesUp(byte instruction)
    {
        var pickle = new byte[PickleReader.MaxBytes];
        pickle.AsSpan().Fill(instruction);
        (pickle[0], pickle[1]) = (0x80, 2);

        Assert.Contains("piles up", Refused(() => TorchArchive.Open(Archive("pile.pt", pickle)).Dispose(), 64 * MiB));
    }

    /// <summary>data.pkl unpacks to a gigabyte of zeros.</summary>
    [Fact]
    public void APickleThatUnpacksToAGigabyte()
    {
        var path = Path.Combine(_folder, "bomb.pt");
        using (var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry("archive/data.pkl", CompressionLevel.Optimal).Open();
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 1024; i++)
            {
                entry.Write(zeros);
            }
        }

        Assert.True(new FileInfo(path).Length < 2 * MiB);
        Refused(() => TorchArchive.Open(path).Dispose(), 64 * MiB);
    }

    /// <summary>64×64 pixels by the header, a gigabyte by the data.</summary>
    [Fact]
    public void APngWhoseDataGoesOn()
    {
        var small = PngEncoder.Encode(new RasterImage(64, 64, 3));
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            var zeros = new byte[1 << 20];
            for (var i = 0; i < 1024; i++)
            {
                zlib.Write(zeros);
            }
        }

        byte[] file = [.. small.AsSpan(0, 33), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", [])];

        // Either is right: refused, or the 64×64 pixels that were asked for and nothing more of it read.
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            Assert.Equal((64, 64), (PngDecoder.Decode(file).Width, PngDecoder.Decode(file).Height));
        }
        catch (ParisInputException)
        {
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * MiB);
    }

    [Fact]
    public void APictureOfTenGigapixels()
    {
        var webp = NativeEncoders.WebP(new RasterImage(16, 16, 3));
        var size = webp.AsSpan().IndexOf("VP8L"u8) + 9; // 14 bits of width − 1, 14 of height − 1
        BinaryPrimitives.WriteUInt32LittleEndian(webp.AsSpan(size), (BinaryPrimitives.ReadUInt32LittleEndian(webp.AsSpan(size)) & 0xF0000000) | 0x0FFFFFFF);
        foreach (var (name, bytes) in new (string, byte[])[]
        {
            ("x.ppm", "P6 100000 100000 255\n"u8.ToArray()),
            ("x.pgm", "P5 100000 100000 65535\n"u8.ToArray()),
            ("x.webp", webp),
        })
        {
            Assert.Contains("pixels; the limit is", Refused(() => ImageFile.Decode(bytes, name), 1 * MiB));
        }
    }

    private static string Refused(Action action, long bound)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var message = Assert.Throws<ParisInputException>(action).Message;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= bound, $"{allocated / (double)MiB:F0} MiB were allocated, more than {bound / MiB}");
        Assert.InRange(message.Length, 10, 100_000);
        return message;
    }

    private string Holes(string name, long length, Action<FileStream> start)
    {
        var path = Path.Combine(_folder, name);
        using var file = File.Create(path);
        start(file);
        file.SetLength(length);
        return path;
    }

    private string Archive(string name, byte[] pickle)
    {
        var path = Path.Combine(_folder, name);
        using var zip = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        using var entry = zip.CreateEntry("archive/data.pkl", CompressionLevel.NoCompression).Open();
        entry.Write(pickle);
        return path;
    }

    private static byte[] Chunk(string type, byte[] data)
    {
        var chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type).CopyTo(chunk, 4);
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), Png.Crc(chunk.AsSpan(4, 4), data));
        return chunk;
    }
}
