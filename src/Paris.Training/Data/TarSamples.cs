using System.Formats.Tar;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>
/// WebDataset shards: one tar file, or all <c>*.tar</c> of a folder in ordinal order. Files that share a name up to its first dot are one
/// sample: an image (<c>jpg</c>, <c>png</c>, <c>webp</c> …), <c>txt</c> (caption), <c>json</c> (its <c>caption</c> or <c>text</c>, and
/// <c>class</c>), <c>cls</c> (class). Nothing is unpacked: an index of the headers is built once, and images are read where they lie.
/// </summary>
public sealed class TarSamples : IEncodedSamples
{
    private readonly List<SafeFileHandle> _shards = [];

    /// <summary>Indexes the shards.</summary>
    /// <param name="path">A tar file, or a folder of them, with its links resolved.</param>
    /// <param name="classes">Class names in label order; when empty, all that occur, in ordinal order.</param>
    /// <exception cref="ParisInputException">A shard is damaged or holds names that lead out of it, or there is no image.</exception>
    public TarSamples(string path, IReadOnlyList<string> classes)
    {
        var files = Directory.Exists(path) ? [.. Directory.GetFiles(path, "*.tar").Order(StringComparer.Ordinal)] : new[] { path };
        if (files.Length == 0)
        {
            throw new ParisInputException($"The folder '{path}' holds no .tar file; name a folder of WebDataset shards, unpacked from any compression.");
        }

        var samples = new List<EncodedSample>();
        try
        {
            foreach (var file in files)
            {
                samples.AddRange(Index(file));
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        if (samples.Count == 0)
        {
            Dispose();
            throw new ParisInputException($"'{path}' holds no image; {string.Join(", ", ImageFile.Extensions)} entries are read.");
        }

        Samples = samples;
        Classes = EncodedSample.ClassesOf(samples, classes);
        Description = Path.GetFileName(path.TrimEnd('/'));
    }

    public string Description { get; }

    public IReadOnlyList<string> Classes { get; }

    public IReadOnlyList<EncodedSample> Samples { get; }

    public void Dispose()
    {
        foreach (var shard in _shards)
        {
            shard.Dispose();
        }
    }

    private List<EncodedSample> Index(string file)
    {
        var shard = Path.GetFileName(file);
        var order = new List<string>();
        var parts = new Dictionary<string, List<(string Extension, long Offset, long Length)>>(StringComparer.Ordinal);
        try
        {
            using var stream = File.OpenRead(file);
            using var reader = new TarReader(stream);
            while (reader.GetNextEntry() is { } entry)
            {
                if (entry.Name.StartsWith('/') || entry.Name.Split('/').Contains(".."))
                {
                    throw new ParisInputException($"'{file}' holds an entry '{entry.Name}' that leads out of it; such a file is not read.");
                }

                if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                {
                    continue;
                }

                var dot = entry.Name.IndexOf('.', entry.Name.LastIndexOf('/') + 1);
                if (dot < 0)
                {
                    continue;
                }

                var (key, extension) = (entry.Name[..dot], entry.Name[dot..].ToLowerInvariant());
                if (!parts.TryGetValue(key, out var list))
                {
                    parts[key] = list = [];
                    order.Add(key);
                }

                list.Add((extension, entry.DataOffset, entry.Length));
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new ParisInputException($"'{file}' is no readable tar file: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"'{file}' cannot be read: {exception.Message}", exception);
        }

        var handle = File.OpenHandle(file);
        _shards.Add(handle);
        var samples = new List<EncodedSample>();
        foreach (var key in order)
        {
            var list = parts[key];
            if (list.FirstOrDefault(x => ImageFile.Extensions.Contains(x.Extension)) is { Length: > 0 } image)
            {
                var name = $"{shard}:{key}{image.Extension}";
                var record = new Lazy<JsonElement?>(() => Read(".json", EncodedSample.MaxTextBytes) is { } bytes ? Parse(bytes, name) : null);
                samples.Add(new EncodedSample(name, ClassOf(), () => (
                    Slice(handle, image.Offset, image.Length, EncodedSample.MaxImageBytes, name),
                    Read(".txt", EncodedSample.MaxTextBytes) is { } text ? EncodedSample.Caption(text, name) : Text(record.Value, "caption") ?? Text(record.Value, "text"))));

                string? ClassOf()
                {
                    try
                    {
                        return Read(".cls", EncodedSample.MaxTextBytes) is { } bytes ? EncodedSample.Caption(bytes, name) : Text(record.Value, "class");
                    }
                    catch (ParisInputException)
                    {
                        return null; // told when the sample itself is read
                    }
                }
            }

            byte[]? Read(string extension, int limit) => list.FirstOrDefault(x => x.Extension == extension) is { Extension: not null } part
                ? Slice(handle, part.Offset, part.Length, limit, $"{shard}:{key}{extension}")
                : null;
        }

        return samples;
    }

    private static byte[] Slice(SafeFileHandle handle, long offset, long length, int limit, string name)
    {
        if (length > limit)
        {
            throw new ParisInputException($"'{name}' has {length} bytes; at most {limit} are read.");
        }

        var bytes = new byte[length];
        var done = 0;
        while (done < bytes.Length)
        {
            var read = RandomAccess.Read(handle, bytes.AsSpan(done), offset + done);
            done += read > 0 ? read : throw new ParisInputException($"'{name}' is cut off.");
        }

        return bytes;
    }

    private static JsonElement Parse(byte[] bytes, string name)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(bytes);
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"The record beside '{name}' is no JSON: {exception.Message}", exception);
        }
    }

    private static string? Text(JsonElement? record, string key)
        => record is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(key, out var value)
            ? value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            }
            : null;
}
