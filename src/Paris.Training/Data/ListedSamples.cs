using System.Text.Json;
using Paris.Core;

namespace Paris.Training.Data;

/// <summary>
/// Images named by a JSON Lines file, in its order: <c>{"image": "path", "caption": "…", "class": "…"}</c>. Paths are relative to the file and
/// stay below its folder.
/// </summary>
public sealed class ListedSamples : IEncodedSamples
{
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web);

    /// <summary>Reads the list; images are opened as they are read.</summary>
    /// <param name="path">The JSON Lines file, with its links resolved.</param>
    /// <param name="classes">Class names in label order; when empty, all that occur, in ordinal order.</param>
    /// <exception cref="ParisInputException">A line is no such record, or the list is empty.</exception>
    public ListedSamples(string path, IReadOnlyList<string> classes)
    {
        var folder = Path.GetDirectoryName(path)!;
        var samples = new List<EncodedSample>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            var record = Parse(line, path, number);
            var caption = string.IsNullOrWhiteSpace(record.Caption) ? null : record.Caption.Trim();
            samples.Add(new EncodedSample(record.Image!, record.Class, () =>
            {
                var file = SourcePath.Resolve(Path.Combine(folder, record.Image!), $"line of '{Path.GetFileName(path)}'", [folder]);
                return (FolderSamples.ReadLimited(file, EncodedSample.MaxImageBytes) ?? throw new ParisInputException($"'{record.Image}' is no file."), caption);
            }));
        }

        Samples = samples.Count > 0 ? samples : throw new ParisInputException($"'{path}' names no image; write one record a line, like {{\"image\": \"a.jpg\", \"caption\": \"a cat\"}}.");
        Classes = EncodedSample.ClassesOf(samples, classes);
        Description = Path.GetFileName(path);
    }

    public string Description { get; }

    public IReadOnlyList<string> Classes { get; }

    public IReadOnlyList<EncodedSample> Samples { get; }

    public void Dispose()
    {
    }

    private static Record Parse(string line, string path, int number)
    {
        try
        {
            return line.Length <= EncodedSample.MaxTextBytes && JsonSerializer.Deserialize<Record>(line, _json) is { Image.Length: > 0 } record
                ? record
                : throw new ParisInputException($"'{path}' line {number}: is too long or names no image; write it like {{\"image\": \"a.jpg\", \"caption\": \"a cat\"}}.");
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"'{path}' line {number}: is no JSON object: {exception.Message}", exception);
        }
    }

    private sealed record Record(string? Image, string? Caption, string? Class);
}
