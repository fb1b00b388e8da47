using Paris.Core.Formats.Torch;

namespace Paris.Core.Formats;

/// <summary>
/// A file of weights as safetensors on disk. A safetensors file is itself; one of <c>torch.save</c> (<c>.pt</c>, <c>.pth</c>, <c>.bin</c>)
/// is rewritten into a temporary file, tensor by tensor, which vanishes with this object.
/// </summary>
public sealed class WeightsOnDisk : IDisposable
{
    private readonly bool _temporary;

    private WeightsOnDisk(string path, bool temporary) => (Path, _temporary) = (path, temporary);

    private static ReadOnlySpan<byte> Zip => "PK\u0003\u0004"u8;

    /// <summary>Where the safetensors file is.</summary>
    public string Path { get; }

    /// <exception cref="ParisInputException">A torch file cannot be read. Whether a safetensors file is valid shows when it is opened.</exception>
    public static WeightsOnDisk Open(string path)
    {
        if (!IsTorch(path))
        {
            return new WeightsOnDisk(path, temporary: false);
        }

        var copy = new WeightsOnDisk(System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"paris-weights-{Guid.NewGuid():N}.safetensors"), temporary: true);
        try
        {
            using var archive = TorchArchive.Open(path);
            using var stream = File.Create(copy.Path);
            archive.WriteSafetensors(stream);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Names, types and shapes of a file's tensors; the tensors are not read, and nothing is copied.</summary>
    /// <exception cref="ParisInputException">There is no such file, or it is not valid.</exception>
    public static IReadOnlyList<TensorSpec> Tensors(string path)
    {
        if (IsTorch(path))
        {
            using var archive = TorchArchive.Open(path);
            return archive.Tensors;
        }

        using var file = SafetensorsFile.Open(path);
        return [.. file.Tensors.Select(x => x.Spec)];
    }

    /// <summary>The tensors, mapped; they stay readable after this object is gone.</summary>
    /// <exception cref="ParisInputException">There is no such file, or it is not valid.</exception>
    public static SafetensorsFile OpenTensors(string path)
    {
        using var weights = Open(path);
        return SafetensorsFile.Open(weights.Path);
    }

    public void Dispose()
    {
        if (_temporary)
        {
            File.Delete(Path);
        }
    }

    private static bool IsTorch(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            Span<byte> start = stackalloc byte[4];
            var read = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false);
            return read == 4 && (start.SequenceEqual(Zip) || (start[0] == 0x80 && start[1] is >= 2 and <= 5));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // told when it is opened as safetensors
        }
    }
}
