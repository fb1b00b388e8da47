using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Paris.Core.Formats;

/// <summary>
/// Writes a safetensors file front to back: first the names, types and shapes of all tensors, then their data in the same order, in
/// chunks of any size. Equal input gives equal bytes: tensors in the given order, metadata in ordinal order, the header padded with
/// blanks to a multiple of eight. Data is aligned to its element size if wider types come first.
/// </summary>
public sealed class SafetensorsWriter
{
    private const int ChunkElements = 16 * 1024;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Stream _stream;
    private readonly IReadOnlyList<TensorSpec> _tensors;
    private int _current;
    private long _left;

    /// <summary>Writes the header.</summary>
    /// <param name="stream">Takes the file; stays the caller's.</param>
    /// <param name="tensors">All tensors, in the order of their data.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">A name occurs twice or is reserved, or a shape is negative or too large.</exception>
    public SafetensorsWriter(Stream stream, IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        _stream = stream;
        _tensors = tensors;
        var header = Header(tensors, metadata, out var dataBytes);
        Bytes = header.Length + dataBytes;
        stream.Write(header);
        _current = -1;
        Advance();
    }

    /// <summary>The whole file's length.</summary>
    public long Bytes { get; }

    /// <summary>Writes a file whose tensors are at hand.</summary>
    public static void Write(Stream stream, IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var writer = new SafetensorsWriter(stream, [.. tensors.Select(tensor => tensor.Spec)], metadata);
        foreach (var tensor in tensors)
        {
            tensor.WriteTo(writer);
        }

        writer.Complete();
    }

    /// <summary>A small file as bytes.</summary>
    public static byte[] ToBytes(IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var stream = new MemoryStream();
        Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    /// <summary>Appends elements to a tensor, which must be the one whose turn it is.</summary>
    /// <typeparam name="T">The element's C# type; <c>ushort</c> for BF16; <c>byte</c> for raw bytes of any type.</typeparam>
    /// <exception cref="InvalidOperationException">Another tensor's turn, another type, or more elements than the shape holds.</exception>
    public void Append<T>(string name, ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        var tensor = Turn(name);
        if (!tensor.Type.Holds<T>())
        {
            throw new InvalidOperationException($"Tensor '{name}' is {tensor.Type}; {typeof(T).Name} was given.");
        }

        while (!elements.IsEmpty)
        {
            var part = elements[..Math.Min(elements.Length, 1 << 24)]; // a span of bytes holds less than 2 GiB
            Append(tensor, MemoryMarshal.AsBytes(part));
            elements = elements[part.Length..];
        }
    }

    /// <summary>Appends single-precision numbers to a tensor of type F32, F16 or BF16, rounding to nearest.</summary>
    public void AppendSingles(string name, ReadOnlySpan<float> elements)
    {
        var type = Turn(name).Type;
        if (type is not (TensorType.F16 or TensorType.BF16))
        {
            Append(name, elements);
            return;
        }

        var buffer = ArrayPool<ushort>.Shared.Rent(ChunkElements);
        while (!elements.IsEmpty)
        {
            var part = elements[..Math.Min(elements.Length, ChunkElements)];
            var narrow = buffer.AsSpan(0, part.Length);
            if (type == TensorType.F16)
            {
                FloatFormats.SingleToHalf(part, MemoryMarshal.Cast<ushort, Half>(narrow));
            }
            else
            {
                FloatFormats.SingleToBFloat16(part, narrow);
            }

            Append(name, MemoryMarshal.AsBytes<ushort>(narrow));
            elements = elements[part.Length..];
        }

        ArrayPool<ushort>.Shared.Return(buffer);
    }

    /// <summary>Checks that every tensor is whole, and flushes.</summary>
    /// <exception cref="InvalidOperationException">Data is missing.</exception>
    public void Complete()
    {
        if (_current < _tensors.Count)
        {
            throw new InvalidOperationException($"Tensor '{_tensors[_current].Name}' lacks {_left} bytes.");
        }

        _stream.Flush();
    }

    private static byte[] Header(IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata, out long dataBytes)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var names = new HashSet<string>(StringComparer.Ordinal) { SafetensorsHeader.MetadataKey };
        dataBytes = 0;
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            foreach (var tensor in tensors)
            {
                if (!names.Add(tensor.Name))
                {
                    throw new ArgumentException($"The tensor name '{tensor.Name}' occurs twice or is reserved.", nameof(tensors));
                }

                if (tensor.Shape.Any(side => side < 0))
                {
                    throw new ArgumentException($"Tensor '{tensor.Name}' has the shape {tensor.ShapeText}.", nameof(tensors));
                }

                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type.ToString());
                json.WriteStartArray("shape");
                foreach (var side in tensor.Shape)
                {
                    json.WriteNumberValue(side);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(dataBytes);
                json.WriteNumberValue(dataBytes = checked(dataBytes + tensor.Bytes));
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        var padded = (buffer.WrittenCount + 7) & ~7;
        if (padded > SafetensorsHeader.MaxBytes)
        {
            throw new ArgumentException($"The header would have {padded} bytes; the format's limit is {SafetensorsHeader.MaxBytes}.", nameof(tensors));
        }

        var header = new byte[SafetensorsHeader.PrefixBytes + padded];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)padded);
        buffer.WrittenSpan.CopyTo(header.AsSpan(SafetensorsHeader.PrefixBytes));
        header.AsSpan(SafetensorsHeader.PrefixBytes + buffer.WrittenCount).Fill((byte)' ');
        return header;
    }

    private TensorSpec Turn(string name)
    {
        if (_current < _tensors.Count && _tensors[_current].Name == name)
        {
            return _tensors[_current];
        }

        // An empty tensor needs no data, so its turn is over before it began.
        return _tensors.FirstOrDefault(tensor => tensor.Name == name && tensor.Bytes == 0)
            ?? throw new InvalidOperationException(_current < _tensors.Count
                ? $"Tensor '{name}' was given, but '{_tensors[_current].Name}' still lacks {_left} bytes."
                : $"Tensor '{name}' was given, but the file is complete.");
    }

    private void Append(TensorSpec tensor, ReadOnlySpan<byte> bytes)
    {
        if (tensor.Bytes == 0 || bytes.Length > _left)
        {
            throw new InvalidOperationException($"Tensor '{tensor.Name}' of shape {tensor.ShapeText} holds {tensor.Bytes} bytes; more were given.");
        }

        _stream.Write(bytes);
        _left -= bytes.Length;
        if (_left == 0)
        {
            Advance();
        }
    }

    private void Advance()
    {
        do
        {
            _current++;
        }
        while (_current < _tensors.Count && _tensors[_current].Bytes == 0);

        _left = _current < _tensors.Count ? _tensors[_current].Bytes : 0;
    }
}

/// <summary>A tensor with its data, for <see cref="SafetensorsWriter.Write"/>.</summary>
public sealed class TensorData
{
    private readonly Action<SafetensorsWriter> _write;

    private TensorData(TensorSpec spec, Action<SafetensorsWriter> write)
    {
        Spec = spec;
        _write = write;
    }

    public TensorSpec Spec { get; }

    /// <summary>Row-major elements, not copied, stored as their own type.</summary>
    /// <exception cref="ArgumentException">The shape has another number of elements.</exception>
    public static TensorData Of<T>(string name, ReadOnlyMemory<T> elements, params ReadOnlySpan<long> shape)
        where T : unmanaged => Checked(new TensorSpec(name, TensorTypes.Of<T>(), shape), elements.Length, writer => writer.Append(name, elements.Span));

    /// <inheritdoc cref="Of{T}(string, ReadOnlyMemory{T}, ReadOnlySpan{long})"/>
    public static TensorData Of<T>(string name, T[] elements, params ReadOnlySpan<long> shape)
        where T : unmanaged => Of(name, (ReadOnlyMemory<T>)elements, shape);

    /// <summary>Single-precision elements stored as F32, F16 or BF16.</summary>
    public static TensorData OfSingles(string name, TensorType type, ReadOnlyMemory<float> elements, params ReadOnlySpan<long> shape)
        => Checked(new TensorSpec(name, type, shape), elements.Length, writer => writer.AppendSingles(name, elements.Span));

    internal void WriteTo(SafetensorsWriter writer) => _write(writer);

    private static TensorData Checked(TensorSpec spec, long elements, Action<SafetensorsWriter> write) => spec.ElementCount == elements
        ? new TensorData(spec, write)
        : throw new ArgumentException($"Tensor '{spec.Name}' of shape {spec.ShapeText} has {spec.ElementCount} elements; {elements} were given.");
}
