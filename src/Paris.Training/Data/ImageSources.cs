using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Training.Data;

/// <summary>Opens the source that a spec names.</summary>
public static class ImageSources
{
    /// <summary>The training images.</summary>
    /// <exception cref="ParisInputException">They are missing, damaged, outside the allowed folders, or of an unknown kind.</exception>
    public static IImageSource Open(DataSpec data, IReadOnlyList<string>? roots)
        => Open(data, data.Images, "data.images", data.Labels, "data.labels", data.Limit, roots);

    /// <summary>The held-out images; null when the spec names none.</summary>
    /// <exception cref="ParisInputException">They are missing, damaged, or outside the allowed folders.</exception>
    public static IImageSource? OpenTest(DataSpec data, IReadOnlyList<string>? roots) => data.TestImages is null
        ? null
        : Open(data, data.TestImages, "data.testImages", data.TestLabels, "data.testLabels", 0, roots);

    private static IImageSource Open(DataSpec data, string images, string imagesKey, string? labels, string labelsKey, int limit, IReadOnlyList<string>? roots)
    {
        var path = SourcePath.Resolve(images, imagesKey, roots);
        var folder = Directory.Exists(path);
        return data.Kind switch
        {
            "idx" when folder => throw new ParisInputException($"{imagesKey} '{images}' is a folder; name an IDX file, or set data.kind to 'folder'."),
            "idx" => new IdxImageSource(path, labels is null ? null : SourcePath.Resolve(labels, labelsKey, roots), data.Classes, data.ImageSize, data.Channels, limit),
            "folder" when !folder => throw new ParisInputException($"{imagesKey} '{images}' is a file; name a folder of images, or set data.kind to 'idx'."),
            "folder" => Decode(new FolderSamples(path, data.Classes)),
            "webdataset" => Decode(new TarSamples(path, data.Classes)),
            "list" when folder => throw new ParisInputException($"{imagesKey} '{images}' is a folder; name a JSON Lines file, or set data.kind to 'folder'."),
            "list" => Decode(new ListedSamples(path, data.Classes)),
            _ => throw new ParisInputException($"data.kind is '{data.Kind}'; use 'idx', 'folder', 'webdataset' or 'list'."),
        };

        EncodedImageSource Decode(IEncodedSamples samples)
            => new(samples, data.ImageSize, data.Channels, limit, data.BadFiles == "skip");
    }
}
