using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Json;

namespace Paris.Core.Formats;

/// <summary>
/// The header of a safetensors file: eight bytes with the length N (little-endian), N bytes of JSON
/// <c>{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {string: string}}</c>, then the data without gaps or overlaps.
/// It is read as hostile input: everything is checked before anything is believed.
/// </summary>
public sealed class SafetensorsHeader
{
    /// <summary>Longest JSON accepted, as in the reference implementation.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>Most tensors of a file: ten times as many as the largest models have.</summary>
    public const int MaxTensors = 100_000;

    /// <summary>Bytes before the JSON.</summary>
    public const int PrefixBytes = 8;

    internal const string MetadataKey = "__metadata__";

    private readonly Dictionary<string, TensorEntry> _byName;

    private SafetensorsHeader(ImmutableArray<TensorEntry> tensors, IReadOnlyDictionary<string, string> metadata, long dataStart, long dataBytes)
    {
        Tensors = tensors;
        Metadata = metadata;
        DataStart = dataStart;
        DataBytes = dataBytes;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The tensors in the order of their data.</summary>
    public ImmutableArray<TensorEntry> Tensors { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Where the data begins in the file.</summary>
    public long DataStart { get; }

    public long DataBytes { get; }

    /// <summary>The tensor of this name, or null.</summary>
    public TensorEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The length of the JSON from the file's first eight bytes.</summary>
    /// <param name="prefix">The first bytes of the file.</param>
    /// <param name="fileBytes">The file's length.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <exception cref="ParisInputException">The file is too short, or the length is above the file's or above <see cref="MaxBytes"/>.</exception>
    public static int ReadLength(ReadOnlySpan<byte> prefix, long fileBytes, string source)
    {
        if (fileBytes < PrefixBytes || prefix.Length < PrefixBytes)
        {
            throw new ParisInputException($"{source} is no safetensors file: it has {fileBytes} bytes, and the header's length alone takes {PrefixBytes}.");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)MaxBytes)
        {
            throw new ParisInputException($"{source} is no safetensors file: its header would have {length} bytes; the limit is {MaxBytes}.");
        }

        if ((long)length > fileBytes - PrefixBytes)
        {
            throw new ParisInputException($"{source} is truncated: its header should have {length} bytes, but the file has {fileBytes}.");
        }

        return (int)length;
    }

    /// <summary>Reads and checks the JSON.</summary>
    /// <param name="json">The bytes between the length and the data.</param>
    /// <param name="fileBytes">The file's length; the tensors must fill it exactly.</param>
    /// <param name="source">The file's name, for messages.</param>
    /// <exception cref="ParisInputException">Any rule of the format is broken; the message names the tensor.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long fileBytes, string source)
    {
        var parser = new Parser(source, fileBytes - PrefixBytes - json.Length);
        var (tensors, metadata) = parser.Read(json);
        return new SafetensorsHeader(tensors, metadata, PrefixBytes + json.Length, fileBytes - PrefixBytes - json.Length);
    }

    private readonly ref struct Parser(string source, long dataBytes)
    {
        public (ImmutableArray<TensorEntry> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(ReadOnlySpan<byte> json)
        {
            if (json.IsEmpty || json[0] != (byte)'{')
            {
                throw Bad("its header does not begin with '{'");
            }

            var tensors = new List<TensorEntry>();
            var names = new HashSet<string>(StringComparer.Ordinal);
            var metadata = new SortedDictionary<string, string>(StringComparer.Ordinal);
            try
            {
                var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
                reader.Read();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var name = reader.GetString()!;
                    if (names.Count > MaxTensors)
                    {
                        throw Bad($"it holds more than {MaxTensors} tensors");
                    }

                    if (!names.Add(name))
                    {
                        throw Bad($"tensor '{name}' is named twice");
                    }

                    reader.Read();
                    if (name == MetadataKey)
                    {
                        ReadMetadata(ref reader, metadata);
                    }
                    else
                    {
                        tensors.Add(ReadTensor(ref reader, name));
                    }
                }

                reader.Read(); // anything but blanks behind the object throws
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new ParisInputException($"{source} is no safetensors file: its header is not JSON of the format ({e.Message.ReplaceLineEndings(" ")}).", e);
            }

            tensors.Sort((left, right) => left.Offset != right.Offset ? left.Offset.CompareTo(right.Offset) : left.Bytes.CompareTo(right.Bytes));
            CheckLayout(tensors);
            return ([.. tensors], metadata);
        }

        private void ReadMetadata(ref Utf8JsonReader reader, SortedDictionary<string, string> metadata)
        {
            Expect(ref reader, JsonTokenType.StartObject, MetadataKey, "an object of strings");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                reader.Read();
                Expect(ref reader, JsonTokenType.String, MetadataKey, "an object of strings");
                if (!metadata.TryAdd(key, reader.GetString()!))
                {
                    throw Bad($"'{MetadataKey}' has the key '{key}' twice");
                }
            }
        }

        private TensorEntry ReadTensor(ref Utf8JsonReader reader, string name)
        {
            Expect(ref reader, JsonTokenType.StartObject, name, "an object");
            TensorType? type = null;
            ImmutableArray<long>? shape = null;
            ImmutableArray<long>? offsets = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.GetString()!;
                reader.Read();
                switch (key)
                {
                    case "dtype" when type is null:
                        Expect(ref reader, JsonTokenType.String, name, "a dtype");
                        var text = reader.GetString()!;
                        type = TensorTypes.TryParse(text, out var parsed)
                            ? parsed
                            : throw Bad($"tensor '{name}' has the dtype '{text}'; known are {string.Join(", ", Enum.GetNames<TensorType>())}");
                        break;
                    case "shape" when shape is null:
                        shape = ReadIntegers(ref reader, name, "shape");
                        break;
                    case "data_offsets" when offsets is null:
                        offsets = ReadIntegers(ref reader, name, "data_offsets");
                        break;
                    case "dtype" or "shape" or "data_offsets":
                        throw Bad($"tensor '{name}' has the key '{key}' twice");
                    default:
                        throw Bad($"tensor '{name}' has the unknown key '{key}'");
                }
            }

            if (type is null || shape is null || offsets is null)
            {
                throw Bad($"tensor '{name}' lacks {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
            }

            if (offsets.Value is not [var begin, var end])
            {
                throw Bad($"tensor '{name}' has {offsets.Value.Length} data_offsets; it takes 2");
            }

            if (begin > end)
            {
                throw Bad($"tensor '{name}' begins at {begin} and ends before, at {end}");
            }

            if (end > dataBytes)
            {
                throw Bad($"tensor '{name}' ends at byte {end}, but the data has {dataBytes} (truncated?)");
            }

            var spec = new TensorSpec(name, type.Value, shape.Value);
            long bytes;
            try
            {
                bytes = spec.Bytes;
            }
            catch (OverflowException)
            {
                throw Bad($"tensor '{name}' of shape {spec.ShapeText} is larger than any file");
            }

            return bytes == end - begin
                ? new TensorEntry(spec, begin)
                : throw Bad($"tensor '{name}' of shape {spec.ShapeText} and type {type} takes {bytes} bytes, but its offsets span {end - begin}");
        }

        private ImmutableArray<long> ReadIntegers(ref Utf8JsonReader reader, string name, string key)
        {
            Expect(ref reader, JsonTokenType.StartArray, name, $"{key} as an array");
            var values = ImmutableArray.CreateBuilder<long>(4);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var value) || value < 0)
                {
                    throw Bad($"tensor '{name}' has a {key} that is not an array of integers from 0 to 2^63 - 1");
                }

                values.Add(value);
            }

            return values.ToImmutable();
        }

        private void CheckLayout(List<TensorEntry> tensors)
        {
            var position = 0L;
            TensorEntry? previous = null;
            foreach (var tensor in tensors)
            {
                if (tensor.Offset < position)
                {
                    throw Bad($"tensors '{previous?.Name}' and '{tensor.Name}' overlap");
                }

                if (tensor.Offset > position)
                {
                    throw Bad($"{tensor.Offset - position} bytes before tensor '{tensor.Name}' belong to no tensor");
                }

                position += tensor.Bytes;
                previous = tensor;
            }

            if (position != dataBytes)
            {
                throw Bad($"{dataBytes - position} bytes behind the last tensor belong to no tensor");
            }
        }

        private void Expect(ref Utf8JsonReader reader, JsonTokenType token, string name, string what)
        {
            if (reader.TokenType != token)
            {
                throw Bad($"'{name}' should be {what}, not {reader.TokenType}");
            }
        }

        private ParisInputException Bad(string what) => new($"{source} is not a valid safetensors file: {what}.");
    }
}
