using System.Buffers.Binary;
using System.Text;

namespace Paris.Core.Formats.Torch;

/// <summary>
/// Reads the pickles that <c>torch.save</c> writes (protocol 2 to 5), and nothing else. A pickle is a program; this machine knows only the
/// instructions that build plain values, and of the functions that a pickle may name only those that describe a tensor. It calls none of
/// them: they become data. Whatever else a pickle names ends the reading.
/// </summary>
internal sealed class PickleReader
{
    /// <summary>A state dictionary of thousands of tensors has some hundred kilobytes; tensors' data lies outside the pickle.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>Most values that wait to become part of another; pickles pass lists and dictionaries on a thousand at a time.</summary>
    private const int MostWaiting = 1 << 16;

    private static readonly object _mark = new();

    private readonly byte[] _bytes;
    private readonly string _source;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;

    private PickleReader(byte[] bytes, string source)
    {
        _bytes = bytes;
        _source = source;
    }

    /// <summary>
    /// The pickled value: null, bool, long, double, string, <see cref="List{T}"/>, <see cref="PickleTuple"/>,
    /// <see cref="PickleDictionary"/>, <see cref="PickledTensor"/> or <see cref="PickleGlobal"/>.
    /// </summary>
    /// <exception cref="ParisInputException">The bytes are no such pickle, or name something that is not a tensor's description.</exception>
    public static object? Read(byte[] bytes, string source)
    {
        var reader = new PickleReader(bytes, source);
        try
        {
            return reader.Run();
        }
        catch (Exception exception) when (exception is ArgumentOutOfRangeException or InvalidCastException or OverflowException or DecoderFallbackException or IndexOutOfRangeException)
        {
            throw reader.Wrong("ends or changes its mind in the middle of a value", exception);
        }
    }

    private object? Run()
    {
        while (true)
        {
            if (_stack.Count > MostWaiting)
            {
                throw Wrong($"piles up more than {MostWaiting} values that belong to nothing");
            }

            var code = _bytes[_at++];
            switch (code)
            {
                case 0x80: // PROTO
                    if (_bytes[_at++] > 5)
                    {
                        throw Wrong("is of a protocol above 5");
                    }

                    break;
                case 0x95: // FRAME: only a hint of its length
                    _at += 8;
                    break;
                case (byte)'.':
                    return Pop();
                case (byte)'(':
                    _stack.Add(_mark);
                    break;
                case (byte)'0':
                    Pop();
                    break;
                case (byte)'N':
                    _stack.Add(null);
                    break;
                case 0x88:
                    _stack.Add(true);
                    break;
                case 0x89:
                    _stack.Add(false);
                    break;
                case (byte)'K':
                    _stack.Add((long)_bytes[_at++]);
                    break;
                case (byte)'M':
                    _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                    break;
                case (byte)'J':
                    _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                    break;
                case 0x8a:
                    _stack.Add(Long(Take(_bytes[_at++])));
                    break;
                case (byte)'G':
                    _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                    break;
                case (byte)'X':
                    _stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                    break;
                case 0x8c:
                    _stack.Add(Text(_bytes[_at++]));
                    break;
                case 0x8d:
                    _stack.Add(Text(checked((long)BinaryPrimitives.ReadUInt64LittleEndian(Take(8)))));
                    break;
                case (byte)']':
                    _stack.Add(new List<object?>());
                    break;
                case (byte)'}':
                    _stack.Add(new PickleDictionary());
                    break;
                case (byte)')':
                    _stack.Add(new PickleTuple([]));
                    break;
                case (byte)'t':
                    _stack.Add(new PickleTuple(PopToMark()));
                    break;
                case 0x85 or 0x86 or 0x87: // TUPLE1 … TUPLE3
                    _stack.Add(new PickleTuple(PopMany(code - 0x84)));
                    break;
                case (byte)'a':
                    var item = Pop();
                    Top<List<object?>>().Add(item);
                    break;
                case (byte)'e':
                    var items = PopToMark();
                    Top<List<object?>>().AddRange(items);
                    break;
                case (byte)'s':
                    var pair = PopMany(2);
                    Set(Top<PickleDictionary>(), pair);
                    break;
                case (byte)'u':
                    var pairs = PopToMark();
                    Set(Top<PickleDictionary>(), pairs);
                    break;
                case (byte)'q':
                    _memo[_bytes[_at++]] = Top();
                    break;
                case (byte)'r':
                    _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Top();
                    break;
                case 0x94:
                    _memo[_memo.Count] = Top();
                    break;
                case (byte)'h':
                    _stack.Add(Remembered(_bytes[_at++]));
                    break;
                case (byte)'j':
                    _stack.Add(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                    break;
                case (byte)'c':
                    _stack.Add(Global(Line(), Line()));
                    break;
                case 0x93:
                    var name = Pop<string>();
                    _stack.Add(Global(Pop<string>(), name));
                    break;
                case (byte)'Q':
                    _stack.Add(Storage(Pop<PickleTuple>()));
                    break;
                case (byte)'R':
                    var arguments = Pop<PickleTuple>();
                    _stack.Add(Describe(Pop<PickleGlobal>(), arguments));
                    break;
                case (byte)'b': // BUILD: the attributes of a state dictionary (its version table) say nothing of tensors
                    Pop();
                    if (Top() is not PickleDictionary)
                    {
                        throw Wrong("sets attributes of something that is no dictionary");
                    }

                    break;
                default:
                    throw Wrong($"holds the instruction 0x{code:x2}, which a file of tensors does not need");
            }
        }
    }

    /// <summary>The names that describe tensors; none of them is ever called.</summary>
    private PickleGlobal Global(string module, string name)
    {
        var known = (module, name) switch
        {
            ("collections", "OrderedDict") => true,
            ("torch._utils", "_rebuild_tensor_v2" or "_rebuild_parameter") => true,
            ("torch", "Size") => true,
            ("torch", _) => StorageType(name) is not null,
            _ => false,
        };
        return known ? new PickleGlobal(module, name) : throw Wrong($"names '{module}.{name}', which is not part of a tensor; nothing of the file was run");
    }

    private object Describe(PickleGlobal function, PickleTuple arguments)
    {
        switch (function.Name, arguments.Items)
        {
            case ("OrderedDict", []):
                return new PickleDictionary();
            case ("Size", [PickleTuple sides]):
                return sides;
            case ("_rebuild_parameter", [PickledTensor tensor, ..]):
                return tensor;
            case ("_rebuild_tensor_v2", [PickledStorage storage, long offset, PickleTuple sides, PickleTuple strides, ..]):
                return new PickledTensor(storage, offset, Longs(sides), Longs(strides));
            default:
                throw Wrong($"gives '{function.Module}.{function.Name}' arguments that it does not take");
        }
    }

    private PickledStorage Storage(PickleTuple id) => id.Items is ["storage", PickleGlobal type, string key, string, long]
        && StorageType(type.Name) is { } known
            ? new PickledStorage(known, key)
            : throw Wrong("names data outside itself that is no tensor storage");

    private static TensorType? StorageType(string name) => name switch
    {
        "FloatStorage" => TensorType.F32,
        "DoubleStorage" => TensorType.F64,
        "HalfStorage" => TensorType.F16,
        "BFloat16Storage" => TensorType.BF16,
        "LongStorage" => TensorType.I64,
        "IntStorage" => TensorType.I32,
        "ShortStorage" => TensorType.I16,
        "CharStorage" => TensorType.I8,
        "ByteStorage" => TensorType.U8,
        "BoolStorage" => TensorType.BOOL,
        _ => null,
    };

    private static void Set(PickleDictionary dictionary, object?[] pairs)
    {
        for (var i = 0; i < pairs.Length; i += 2)
        {
            dictionary.Items.Add((pairs[i], pairs[i + 1]));
        }
    }

    private static long[] Longs(PickleTuple tuple) => [.. tuple.Items.Select(x => x is long value ? value : throw new InvalidCastException())];

    private static long Long(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 8)
        {
            throw new OverflowException();
        }

        Span<byte> wide = stackalloc byte[8];
        wide.Fill(bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? (byte)0xff : (byte)0);
        bytes.CopyTo(wide);
        return BinaryPrimitives.ReadInt64LittleEndian(wide);
    }

    private string Text(long length) => Encoding.UTF8.GetString(Take(checked((int)length)));

    private string Line()
    {
        var end = Array.IndexOf(_bytes, (byte)'\n', _at);
        var text = Encoding.UTF8.GetString(_bytes.AsSpan(_at, end - _at));
        _at = end + 1;
        return text;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        var span = _bytes.AsSpan(_at, count);
        _at += count;
        return span;
    }

    private T Top<T>()
        where T : class => Top() as T ?? throw new InvalidCastException();

    private T Pop<T>()
        where T : class => Pop() as T ?? throw new InvalidCastException();

    private object? Top() => _stack[^1] is var top && top != _mark ? top : throw new InvalidCastException();

    private object? Pop()
    {
        var top = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    private object?[] PopMany(int count)
    {
        var items = _stack[^count..].ToArray();
        _stack.RemoveRange(_stack.Count - count, count);
        return items.Contains(_mark) ? throw new InvalidCastException() : items;
    }

    private object?[] PopToMark()
    {
        var mark = _stack.LastIndexOf(_mark);
        var items = _stack[(mark + 1)..].ToArray();
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private object? Remembered(long key) => _memo.TryGetValue(key, out var value) ? value : throw Wrong($"refers to its value {key}, which does not exist");

    private ParisInputException Wrong(string what, Exception? inner = null) => inner is null
        ? new ParisInputException($"{_source}: its pickle {what} (byte {_at}).")
        : new ParisInputException($"{_source}: its pickle {what} (byte {_at}).", inner);
}
