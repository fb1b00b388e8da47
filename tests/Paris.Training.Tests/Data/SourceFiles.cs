using System.Buffers.Binary;
using System.IO.Compression;
using Paris.Core.Formats;

namespace Paris.Training.Tests.Data;

/// <summary>A temporary folder with small source files.</summary>
internal sealed class SourceFiles : IDisposable
{
    public SourceFiles() => Folder = Directory.CreateTempSubdirectory("paris-data-").FullName;

    public string Folder { get; }

    public string Write(string name, byte[] content)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>An IDX file of images [count, height, width].</summary>
    public string Images(string name, int count, int height, int width, byte[] pixels) => Write(name, Idx([count, height, width], pixels));

    /// <summary>An IDX file of labels.</summary>
    public string Labels(string name, params byte[] labels) => Write(name, Idx([labels.Length], labels));

    public string Png(string name, int width, int height, int channels, Func<int, int, int, byte> pixel)
    {
        var pixels = new byte[width * height * channels];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = pixel(i / channels % width, i / channels / width, i % channels);
        }

        return Write(name, PngEncoder.Encode(new RasterImage(width, height, channels, pixels)));
    }

    public static byte[] Idx(int[] sides, byte[] data)
    {
        var bytes = new byte[4 + (4 * sides.Length) + data.Length];
        bytes[2] = 8;
        bytes[3] = (byte)sides.Length;
        for (var i = 0; i < sides.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 + (4 * i)), sides[i]);
        }

        data.CopyTo(bytes, 4 + (4 * sides.Length));
        return bytes;
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return stream.ToArray();
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
