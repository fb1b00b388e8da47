using Paris.Core.Formats.Torch;

namespace Paris.Core.Formats;

/// <summary>Opens a file of weights, whatever its format, as safetensors.</summary>
public static class WeightsOnDisk
{
    private static ReadOnlySpan<byte> Zip => "PK\u0003\u0004"u8;

    /// <summary>
    /// A safetensors file is mapped. A file of <c>torch.save</c> (<c>.pt</c>, <c>.pth</c>, <c>.bin</c>) is first rewritten into a temporary
    /// file, tensor by tensor, that vanishes with the returned object.
    /// </summary>
    /// <exception cref="ParisInputException">There is no such file, or it is neither of the two, or not valid.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (!IsTorch(path))
        {
            return SafetensorsFile.Open(path);
        }

        var copy = Path.Combine(Path.GetTempPath(), $"paris-weights-{Guid.NewGuid():N}.safetensors");
        try
        {
            using (var archive = TorchArchive.Open(path))
            using (var stream = File.Create(copy))
            {
                archive.WriteSafetensors(stream);
            }

            // The mapping outlives the name.
            return SafetensorsFile.Open(copy);
        }
        finally
        {
            File.Delete(copy);
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
