using System.IO.Compression;

namespace Paris.Core.Formats.Torch;

/// <summary>
/// The zip files of <c>torch.save</c> (PyTorch 1.6 and later; <c>.pt</c>, <c>.pth</c>, <c>.bin</c>): names, types and shapes of their
/// tensors, and each tensor's data on demand. Nothing of the file is executed (<see cref="PickleReader"/>), and memory is bounded by the
/// largest tensor.
/// </summary>
public sealed class TorchArchive : IDisposable
{
    /// <summary>Where a checkpoint of a training keeps its weights, the best first.</summary>
    private static readonly string[] _groups = ["ema", "model", "state_dict", "model_state_dict", "module", ""];

    private const int MostSharing = 4;

    private readonly ZipArchive _zip;
    private readonly string _folder;
    private readonly Dictionary<string, PickledTensor> _tensors = new(StringComparer.Ordinal);

    private TorchArchive(ZipArchive zip, string source)
    {
        _zip = zip;
        Source = source;
        var pickle = zip.Entries.FirstOrDefault(x => x.FullName.EndsWith("/data.pkl", StringComparison.Ordinal) && x.FullName.Count(c => c == '/') == 1)
            ?? throw new ParisInputException($"{source} is a zip file without data.pkl; expected a file of torch.save.");
        _folder = pickle.FullName[..^"data.pkl".Length];
        if (Find("byteorder") is { } order && System.Text.Encoding.ASCII.GetString(ReadAll(order, 16)) is var endian && endian != "little")
        {
            throw new ParisInputException($"{source} was written on a {endian}-endian machine; save it again on a little-endian one.");
        }

        var top = PickleReader.Read(ReadAll(pickle, PickleReader.MaxBytes), source);
        Group = Choose(top);
        foreach (var (name, tensor) in TensorsOf(top, Group))
        {
            Check(name, tensor);
            if (!_tensors.TryAdd(name, tensor))
            {
                throw new ParisInputException($"{source} holds two tensors named '{name}'.");
            }
        }

        // Tensors may share data; a file that names the same data again and again would fill the disk.
        var bytes = zip.Entries.Sum(x => (decimal)x.Length);
        if (_tensors.Values.Sum(x => (decimal)Extent(x).Count * x.Storage.Type.Size()) > MostSharing * bytes)
        {
            throw new ParisInputException($"{source}: its tensors together are more than {MostSharing} times as large as the file; that is no state_dict.");
        }

        Tensors = [.. _tensors.Select(x => new TensorSpec(x.Key, x.Value.Storage.Type, x.Value.Shape))];
    }

    /// <summary>The file's name, for messages.</summary>
    public string Source { get; }

    /// <summary>The key under which a training checkpoint keeps these weights (<c>ema</c>, <c>model</c> …); empty when they are the whole file.</summary>
    public string Group { get; }

    /// <summary>The tensors, in the file's order.</summary>
    public IReadOnlyList<TensorSpec> Tensors { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="ParisInputException">There is no such file, or it is no zip of torch.save with tensors in it.</exception>
    public static TorchArchive Open(string path)
    {
        ZipArchive? zip = null;
        try
        {
            var stream = File.OpenRead(path);
            Span<byte> magic = stackalloc byte[2];
            var read = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
            stream.Position = 0;
            if (read == 2 && magic[0] == 0x80)
            {
                stream.Dispose();
                throw new ParisInputException($"{path} is a torch file of before PyTorch 1.6; load it there and save it again, best as safetensors.");
            }

            zip = new ZipArchive(stream, ZipArchiveMode.Read);
            return new TorchArchive(zip, path);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            zip?.Dispose();
            throw new ParisInputException($"{path} is no readable torch file: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            zip?.Dispose();
            throw new ParisInputException($"{path} cannot be read: {exception.Message}", exception);
        }
        catch
        {
            zip?.Dispose();
            throw;
        }
    }

    /// <summary>The tensor's elements, row-major, as raw bytes.</summary>
    /// <exception cref="ParisInputException">There is no such tensor, or its data is cut off.</exception>
    public byte[] Read(string name)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
        {
            throw new ParisInputException($"{Source} has no tensor '{name}'.");
        }

        var size = tensor.Storage.Type.Size();
        var (first, count) = Extent(tensor);
        if (tensor.Shape.Contains(0))
        {
            return [];
        }

        var window = new byte[checked(count * size)];
        try
        {
            using var data = Find("data/" + tensor.Storage.Key)!.Open();
            Skip(data, first * size);
            data.ReadExactly(window);
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException or IOException)
        {
            throw new ParisInputException($"{Source}: the data of tensor '{name}' is cut off or damaged.", exception);
        }

        return IsRowMajor(tensor) ? window : Gather(window, tensor, size);
    }

    /// <summary>Writes all tensors as safetensors, one after the other.</summary>
    public void WriteSafetensors(Stream stream)
    {
        // Wider types first keeps every tensor aligned to its element.
        var order = Tensors.OrderByDescending(x => x.Type.Size()).ToArray();
        var writer = new SafetensorsWriter(stream, order);
        foreach (var tensor in order.Where(x => x.Bytes > 0))
        {
            writer.Append<byte>(tensor.Name, Read(tensor.Name));
        }

        writer.Complete();
    }

    public void Dispose() => _zip.Dispose();

    private string Choose(object? top)
    {
        foreach (var group in _groups)
        {
            if (TensorsOf(top, group).Any())
            {
                return group;
            }
        }

        throw new ParisInputException($"{Source} holds no dictionary of tensors; expected a state_dict, alone or under one of: {string.Join(", ", _groups[..^1])}.");
    }

    private static IEnumerable<(string Name, PickledTensor Tensor)> TensorsOf(object? top, string group)
    {
        if (top is not PickleDictionary dictionary)
        {
            return [];
        }

        return group.Length == 0
            ? dictionary.Items.Where(x => x is { Key: string, Value: PickledTensor }).Select(x => ((string)x.Key!, (PickledTensor)x.Value!))
            : TensorsOf(dictionary.Items.FirstOrDefault(x => x.Key is string key && key == group).Value, "");
    }

    private void Check(string name, PickledTensor tensor)
    {
        var entry = Find("data/" + tensor.Storage.Key)
            ?? throw new ParisInputException($"{Source}: the data of tensor '{name}' is missing.");
        var size = tensor.Storage.Type.Size();
        try
        {
            if (entry.CompressedLength != entry.Length)
            {
                throw new ParisInputException($"{Source}: the data of tensor '{name}' is compressed, which torch.save never does.");
            }

            var (first, count) = Extent(tensor);
            if (tensor.Shape.Length != tensor.Strides.Length || tensor.Shape.Any(x => x < 0) || tensor.Strides.Any(x => x < 0)
                || first < 0 || checked((first + count) * size) > entry.Length
                || tensor.Shape.Aggregate(1L, (product, side) => checked(product * side)) > count
                || count * size > Array.MaxLength)
            {
                throw new ParisInputException($"{Source}: tensor '{name}' of shape [{string.Join(", ", tensor.Shape)}] does not fit its data of {entry.Length} bytes.");
            }
        }
        catch (OverflowException exception)
        {
            throw new ParisInputException($"{Source}: tensor '{name}' has an impossible size.", exception);
        }
    }

    /// <summary>The part of the storage that a tensor spans, in elements.</summary>
    private static (long First, long Count) Extent(PickledTensor tensor) => tensor.Shape.Contains(0)
        ? (tensor.Offset, 0)
        : (tensor.Offset, 1 + tensor.Shape.Zip(tensor.Strides, (side, stride) => checked((side - 1) * stride)).Sum());

    private static bool IsRowMajor(PickledTensor tensor)
    {
        var expected = 1L;
        for (var i = tensor.Shape.Length - 1; i >= 0; i--)
        {
            if (tensor.Shape[i] != 1 && tensor.Strides[i] != expected)
            {
                return false;
            }

            expected *= tensor.Shape[i];
        }

        return true;
    }

    private static byte[] Gather(byte[] window, PickledTensor tensor, int size)
    {
        var rank = tensor.Shape.Length;
        var index = new long[rank];
        var result = new byte[checked(tensor.Shape.Aggregate(1L, (product, side) => product * side) * size)];
        for (var to = 0; to < result.Length; to += size)
        {
            long from = 0;
            for (var i = 0; i < rank; i++)
            {
                from += index[i] * tensor.Strides[i];
            }

            window.AsSpan((int)(from * size), size).CopyTo(result.AsSpan(to));
            for (var i = rank - 1; i >= 0 && ++index[i] == tensor.Shape[i]; i--)
            {
                index[i] = 0;
            }
        }

        return result;
    }

    private ZipArchiveEntry? Find(string name) => _zip.GetEntry(_folder + name);

    private byte[] ReadAll(ZipArchiveEntry entry, int limit)
    {
        if (entry.Length > limit)
        {
            throw new ParisInputException($"{Source}: '{entry.FullName}' has {entry.Length} bytes; a file of tensors needs at most {limit}.");
        }

        using var stream = entry.Open();
        var bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static void Skip(Stream stream, long bytes)
    {
        if (stream.CanSeek)
        {
            stream.Seek(bytes, SeekOrigin.Current);
            return;
        }

        var buffer = new byte[1 << 16];
        while (bytes > 0)
        {
            var part = (int)Math.Min(bytes, buffer.Length);
            stream.ReadExactly(buffer, 0, part);
            bytes -= part;
        }
    }
}
