using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>
/// The images below a folder, in ordinal order of their relative paths. An image's class is its first sub-folder; its caption is
/// <c>NAME.txt</c> beside <c>NAME.png</c>.
/// </summary>
public sealed class FolderSamples : IEncodedSamples
{
    /// <summary>Lists the folder; images are opened as they are read.</summary>
    /// <param name="folder">A path whose links are resolved.</param>
    /// <param name="classes">Sub-folders in label order; when empty, all of them in ordinal order.</param>
    /// <exception cref="ParisInputException">The folder holds no image, or may not be read.</exception>
    public FolderSamples(string folder, IReadOnlyList<string> classes)
    {
        string[] files;
        try
        {
            // Links are not followed: they could lead out of the allowed folders.
            var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint };
            files = [.. Directory.EnumerateFiles(folder, "*", options)
                .Where(file => ImageFile.Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
                .Select(file => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/'))
                .Order(StringComparer.Ordinal)];
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new ParisInputException($"The folder '{folder}' may not be read: {exception.Message}", exception);
        }

        if (files.Length == 0)
        {
            throw new ParisInputException($"The folder '{folder}' holds no image; {string.Join(", ", ImageFile.Extensions)} files are read.");
        }

        Samples = [.. files.Select(name => new EncodedSample(name, ClassOf(name), () => Read(folder, name)))];
        Classes = EncodedSample.ClassesOf(Samples, classes);
        Description = Path.GetFileName(folder.TrimEnd('/'));
    }

    public string Description { get; }

    public IReadOnlyList<string> Classes { get; }

    public IReadOnlyList<EncodedSample> Samples { get; }

    public void Dispose()
    {
    }

    private static (byte[] Image, string? Caption) Read(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return (ReadLimited(path, EncodedSample.MaxImageBytes) ?? throw new ParisInputException($"There is no file '{path}'."), ReadCaption(Path.ChangeExtension(path, ".txt")));
    }

    private static string? ReadCaption(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null && ReadLimited(path, EncodedSample.MaxTextBytes) is { } bytes ? EncodedSample.Caption(bytes, path) : null;
    }

    /// <summary>A file's bytes; null when there is none.</summary>
    internal static byte[]? ReadLimited(string path, int limit)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return null;
        }

        return file.Length <= limit ? File.ReadAllBytes(path) : throw new ParisInputException($"The file '{path}' has {file.Length} bytes; at most {limit} are read.");
    }

    private static string? ClassOf(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? null : name[..slash];
    }
}
