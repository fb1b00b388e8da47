using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Paris.Core.Formats;

/// <summary>
/// A safetensors file, read by tensor name. Over memory and over a mapped file a tensor is a view: nothing is copied. Over a stream each
/// view reads its part anew. A view of a mapped file must not outlive this object.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly Stream? _stream;
    private readonly long _origin;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _pointer;
    private bool _disposed;

    private SafetensorsFile(SafetensorsHeader header, string source)
    {
        Header = header;
        Source = source;
    }

    private SafetensorsFile(ReadOnlyMemory<byte> memory, string source)
        : this(ParseHeader(memory.Span, memory.Length, source), source)
        => _memory = memory;

    private SafetensorsFile(Stream stream, string source)
        : this(ParseHeader(stream, source, out var origin), source)
    {
        _stream = stream;
        _origin = origin;
    }

    private SafetensorsFile(string path)
    {
        Source = path;
        try
        {
            var length = new FileInfo(path).Length;
            SafetensorsHeader.ReadLength(stackalloc byte[SafetensorsHeader.PrefixBytes], length, path); // an empty file cannot be mapped
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
            _pointer += _view.PointerOffset;
            var jsonBytes = SafetensorsHeader.ReadLength(new ReadOnlySpan<byte>(_pointer, SafetensorsHeader.PrefixBytes), length, path);
            Header = SafetensorsHeader.Parse(new ReadOnlySpan<byte>(_pointer + SafetensorsHeader.PrefixBytes, jsonBytes), length, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            Dispose();
            throw new ParisInputException($"{path} cannot be read: {(e is UnauthorizedAccessException ? "access is denied" : "there is no such file")}.", e);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public SafetensorsHeader Header { get; }

    /// <summary>The file's name, for messages.</summary>
    public string Source { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<TensorEntry> Tensors => Header.Tensors;

    public IReadOnlyDictionary<string, string> Metadata => Header.Metadata;

    /// <summary>Reads from memory, which must stay unchanged.</summary>
    /// <exception cref="ParisInputException">The bytes are no valid file.</exception>
    public static SafetensorsFile FromBytes(ReadOnlyMemory<byte> bytes, string source = "safetensors data") => new(bytes, source);

    /// <summary>Maps a file.</summary>
    /// <exception cref="ParisInputException">There is no such file, or it is not valid.</exception>
    public static SafetensorsFile Open(string path) => new(path);

    /// <summary>Reads from a seekable stream, from its position to its end; the stream stays the caller's and must not be used meanwhile.</summary>
    /// <exception cref="ParisInputException">The stream holds no valid file.</exception>
    public static SafetensorsFile FromStream(Stream stream, string source = "safetensors stream") => new(stream, source);

    public bool Contains(string name) => Header.Find(name) is not null;

    /// <summary>The tensor of this name.</summary>
    /// <exception cref="ParisInputException">There is none; the message names the nearest.</exception>
    public TensorEntry this[string name] => Header.Find(name) ?? throw new ParisInputException(
        $"{Source} has no tensor '{name}'{(NearestName.Of(name, Header.Tensors.Select(tensor => tensor.Name)) is { } near ? $"; did you mean '{near}'?" : ".")}");

    /// <summary>The tensor's type and shape are what the caller needs, or an error says what they are. A side of −1 fits any.</summary>
    /// <exception cref="ParisInputException">There is no such tensor or it differs.</exception>
    public TensorEntry Require(string name, TensorType type, params ReadOnlySpan<long> shape)
    {
        var tensor = this[name];
        var fits = tensor.Type == type && tensor.Shape.Length == shape.Length;
        for (var i = 0; fits && i < shape.Length; i++)
        {
            fits = shape[i] == -1 || shape[i] == tensor.Shape[i];
        }

        return fits
            ? tensor
            : throw new ParisInputException($"{Source}: tensor '{name}' is {tensor.Type} {tensor.Spec.ShapeText}; it should be {type} {new TensorSpec(name, type, shape).ShapeText.Replace("-1", "any", StringComparison.Ordinal)}.");
    }

    /// <summary>The tensor's elements, row-major.</summary>
    /// <typeparam name="T">The element's C# type; <c>ushort</c> for BF16; <c>byte</c> views any type raw.</typeparam>
    /// <exception cref="ParisInputException">There is no such tensor, it has another type, or it is too long for a span: view it in parts.</exception>
    public ReadOnlySpan<T> View<T>(string name)
        where T : unmanaged
    {
        var tensor = this[name];
        var count = tensor.Bytes / sizeof(T);
        return count <= int.MaxValue
            ? View<T>(name, 0, (int)count)
            : throw new ParisInputException($"{Source}: tensor '{name}' has {count} elements, too many for one view; view it in parts.");
    }

    /// <summary>Elements <paramref name="start"/> … of the tensor, row-major; see <see cref="View{T}(string)"/>.</summary>
    public ReadOnlySpan<T> View<T>(string name, long start, int count)
        where T : unmanaged
    {
        var tensor = this[name];
        if (!tensor.Type.Holds<T>())
        {
            throw new ParisInputException($"{Source}: tensor '{name}' is {tensor.Type} and cannot be viewed as {typeof(T).Name}.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, (tensor.Bytes / sizeof(T)) - count);
        return View<T>(tensor.Offset + (start * sizeof(T)), count);
    }

    /// <summary>Copies the raw bytes of a part of the tensor.</summary>
    public void CopyTo(string name, Span<byte> destination, long byteOffset = 0)
    {
        if (_stream is not null)
        {
            var tensor = this[name];
            ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(byteOffset, tensor.Bytes - destination.Length);
            Read(tensor.Offset + byteOffset, destination);
            return;
        }

        View<byte>(name, byteOffset, destination.Length).CopyTo(destination);
    }

    /// <summary>The tensor as an array of its own type.</summary>
    public T[] ToArray<T>(string name)
        where T : unmanaged => View<T>(name).ToArray();

    /// <summary>The tensor's elements as single precision; F16, BF16 and F64 are converted, other types refused.</summary>
    /// <exception cref="ParisInputException">There is no such tensor or it holds no floating-point numbers.</exception>
    public float[] ToSingles(string name)
    {
        var tensor = this[name];
        if (tensor.ElementCount > Array.MaxLength)
        {
            throw new ParisInputException($"{Source}: tensor '{name}' has {tensor.ElementCount} elements, too many for one array; view it in parts.");
        }

        var result = new float[tensor.ElementCount];
        CopySingles(name, result);
        return result;
    }

    /// <summary>The tensor's elements as single precision into memory at hand, piece by piece; F16, BF16 and F64 are converted, other types refused.</summary>
    /// <exception cref="ParisInputException">There is no such tensor or it holds no floating-point numbers.</exception>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    public void CopySingles(string name, Span<float> destination)
    {
        const int Piece = 1 << 16; // elements

        var tensor = this[name];
        if (destination.Length != tensor.ElementCount)
        {
            throw new ArgumentException($"Tensor '{name}' has {tensor.ElementCount} elements; the destination holds {destination.Length}.", nameof(destination));
        }

        if (tensor.Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F64))
        {
            throw new ParisInputException($"{Source}: tensor '{name}' is {tensor.Type}, not a floating-point type.");
        }

        var size = tensor.Type.Size();
        var buffer = tensor.Type == TensorType.F32 ? [] : ArrayPool<byte>.Shared.Rent(Piece * size);
        for (var start = 0; start < destination.Length; start += Piece)
        {
            var part = destination.Slice(start, Math.Min(Piece, destination.Length - start));
            var bytes = tensor.Type == TensorType.F32 ? MemoryMarshal.AsBytes(part) : buffer.AsSpan(0, part.Length * size);
            CopyTo(name, bytes, (long)start * size);
            switch (tensor.Type)
            {
                case TensorType.F16:
                    FloatFormats.HalfToSingle(MemoryMarshal.Cast<byte, Half>(bytes), part);
                    break;
                case TensorType.BF16:
                    FloatFormats.BFloat16ToSingle(MemoryMarshal.Cast<byte, ushort>(bytes), part);
                    break;
                case TensorType.F64:
                    TensorPrimitives.ConvertTruncating<double, float>(MemoryMarshal.Cast<byte, double>(bytes), part);
                    break;
            }
        }

        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_pointer is not null)
        {
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _file?.Dispose();
    }

    private static SafetensorsHeader ParseHeader(ReadOnlySpan<byte> bytes, long length, string source)
    {
        var jsonBytes = SafetensorsHeader.ReadLength(bytes, length, source);
        return SafetensorsHeader.Parse(bytes.Slice(SafetensorsHeader.PrefixBytes, jsonBytes), length, source);
    }

    private static SafetensorsHeader ParseHeader(Stream stream, string source, out long origin)
    {
        if (!stream.CanSeek)
        {
            throw new ArgumentException("The stream must be seekable.", nameof(stream));
        }

        origin = stream.Position;
        var length = stream.Length - origin;
        var prefix = new byte[SafetensorsHeader.PrefixBytes];
        stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false);
        var json = new byte[SafetensorsHeader.ReadLength(prefix, length, source)];
        stream.ReadExactly(json);
        return SafetensorsHeader.Parse(json, length, source);
    }

    private ReadOnlySpan<T> View<T>(long offset, int count)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_pointer is not null)
        {
            return new ReadOnlySpan<T>(_pointer + Header.DataStart + offset, count);
        }

        if (_stream is null)
        {
            return MemoryMarshal.Cast<byte, T>(_memory.Span.Slice((int)(Header.DataStart + offset), checked(count * sizeof(T))));
        }

        var result = new T[count];
        Read(offset, MemoryMarshal.AsBytes(result.AsSpan()));
        return result;
    }

    private void Read(long offset, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _stream!.Position = _origin + Header.DataStart + offset;
        try
        {
            _stream.ReadExactly(destination);
        }
        catch (EndOfStreamException e)
        {
            throw new ParisInputException($"{Source} ended while its data was read.", e);
        }
    }
}
