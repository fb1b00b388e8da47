using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;

namespace Paris.Core.Formats;

/// <summary>
/// Reads an IDX file of unsigned bytes (MNIST, Fashion-MNIST), plain or gzip, item by item. Layout: 0, 0, element type, rank, then the
/// sides as big-endian 32-bit integers, then the elements; the first side counts the items.
/// </summary>
public sealed class IdxReader : IDisposable
{
    private const byte UnsignedByte = 0x08;

    private readonly Stream _stream;
    private readonly bool _owned;

    private IdxReader(Stream stream, bool owned, string source)
    {
        _stream = stream;
        _owned = owned;
        Source = source;
        Span<byte> magic = stackalloc byte[4];
        if (Fill(magic) < 4 || magic[0] != 0 || magic[1] != 0)
        {
            throw new ParisInputException($"{source} is no IDX file: it does not begin with 00 00 08 and its rank.");
        }

        if (magic[2] != UnsignedByte)
        {
            throw new ParisInputException($"{source} is an IDX file of element type 0x{magic[2]:X2}; only unsigned bytes (0x08) are read.");
        }

        if (magic[3] is < 1 or > 4)
        {
            throw new ParisInputException($"{source} is no IDX file: its rank is {magic[3]}; 1 to 4 are read.");
        }

        Span<byte> sides = stackalloc byte[4 * magic[3]];
        if (Fill(sides) < sides.Length)
        {
            throw new ParisInputException($"{source} is truncated: it ends within its header.");
        }

        var shape = ImmutableArray.CreateBuilder<int>(magic[3]);
        for (var i = 0; i < magic[3]; i++)
        {
            var side = BinaryPrimitives.ReadUInt32BigEndian(sides[(4 * i)..]);
            shape.Add(side <= int.MaxValue ? (int)side : throw new ParisInputException($"{source} is no IDX file: its side {i} is {side}."));
        }

        Shape = shape.MoveToImmutable();
        var item = Shape.Skip(1).Aggregate((Int128)1, (product, side) => product * side);
        ItemBytes = item <= Array.MaxLength ? (int)item : throw new ParisInputException($"{source}: one item of [{string.Join(", ", Shape.Skip(1))}] bytes is too large.");
    }

    /// <summary>The file's name, for messages.</summary>
    public string Source { get; }

    /// <summary>[items, rows, columns] for images, [items] for labels.</summary>
    public ImmutableArray<int> Shape { get; }

    /// <summary>Items in the file.</summary>
    public int Count => Shape[0];

    /// <summary>Bytes of one item: rows × columns of an image, 1 of a label.</summary>
    public int ItemBytes { get; }

    /// <summary>The item that is read next.</summary>
    public int Position { get; private set; }

    /// <summary>Opens a file; gzip is recognised by its first bytes.</summary>
    /// <exception cref="ParisInputException">There is no such file, it is no IDX file, or a plain file has another length than its header says.</exception>
    public static IdxReader Open(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ParisInputException($"There is no file '{path}'.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ParisInputException($"The file '{path}' may not be read, or is a folder.", e);
        }

        return From(file, owned: true, path);
    }

    /// <summary>Reads from a seekable stream, which stays the caller's.</summary>
    /// <exception cref="ParisInputException">The stream holds no valid file.</exception>
    public static IdxReader FromStream(Stream stream, string source = "IDX stream") => From(stream, owned: false, source);

    /// <summary>The whole file.</summary>
    /// <exception cref="ParisInputException">The file is not valid, or has not the expected rank.</exception>
    public static (ImmutableArray<int> Shape, byte[] Elements) ReadAll(string path, int rank)
    {
        using var reader = Open(path);
        if (reader.Shape.Length != rank)
        {
            throw new ParisInputException($"{path} has the shape [{string.Join(", ", reader.Shape)}]; {(rank == 1 ? "labels have one side" : rank == 3 ? "images have three sides" : $"{rank} sides are needed")}.");
        }

        var bytes = (long)reader.Count * reader.ItemBytes;
        if (bytes > Array.MaxLength)
        {
            throw new ParisInputException($"{path} holds {bytes} bytes, too many to read at once.");
        }

        // Grown as data arrives: a header may promise more than the file holds.
        using var elements = new MemoryStream((int)Math.Min(bytes, 1 << 20));
        var buffer = new byte[reader.ItemBytes * Math.Max(1, (1 << 18) / Math.Max(1, reader.ItemBytes))];
        for (int items; (items = reader.Read(buffer)) > 0;)
        {
            elements.Write(buffer, 0, items * reader.ItemBytes);
        }

        return (reader.Shape, elements.ToArray());
    }

    /// <summary>Reads as many whole items as fit.</summary>
    /// <returns>Items read; 0 at the end.</returns>
    /// <exception cref="ParisInputException">The file ends before its last item, or goes on behind it.</exception>
    public int Read(Span<byte> destination)
    {
        var items = ItemBytes == 0 ? Count - Position : Math.Min(Count - Position, destination.Length / ItemBytes);
        if (items == 0 && Position < Count)
        {
            throw new ArgumentException($"The buffer holds {destination.Length} bytes; one item has {ItemBytes}.", nameof(destination));
        }

        var wanted = destination[..(items * ItemBytes)];
        var got = Fill(wanted);
        if (got < wanted.Length)
        {
            throw new ParisInputException($"{Source} is truncated: it ends within item {Position + (got / ItemBytes)} of {Count}.");
        }

        Position += items;
        if (Position == Count)
        {
            Span<byte> one = stackalloc byte[1];
            if (Fill(one) > 0)
            {
                throw new ParisInputException($"{Source} goes on behind its last item: its header counts {Count} items of {ItemBytes} bytes.");
            }
        }

        return items;
    }

    public void Dispose()
    {
        if (_owned)
        {
            _stream.Dispose();
        }
    }

    private static IdxReader From(Stream stream, bool owned, string source)
    {
        Stream? content = null;
        try
        {
            var start = stream.Position;
            var gzip = stream.ReadByte() == 0x1F && stream.ReadByte() == 0x8B;
            stream.Position = start;
            content = gzip ? new GZipStream(stream, CompressionMode.Decompress, leaveOpen: !owned) : stream;
            var reader = new IdxReader(content, owned || gzip, source);
            if (!gzip)
            {
                var expected = (Int128)reader.Count * reader.ItemBytes;
                var actual = stream.Length - stream.Position;
                if (actual != expected)
                {
                    throw new ParisInputException($"{source} is {(actual < expected ? "truncated" : "too long")}: its header counts {expected} bytes of data, but it has {actual}.");
                }
            }

            return reader;
        }
        catch
        {
            if (content != stream)
            {
                content?.Dispose();
            }

            if (owned)
            {
                stream.Dispose();
            }

            throw;
        }
    }

    private int Fill(Span<byte> buffer)
    {
        try
        {
            return _stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException e)
        {
            throw new ParisInputException($"{Source} is a damaged gzip file.", e);
        }
    }
}
