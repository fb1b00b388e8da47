using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Specs;

namespace Paris.Gateway.Runs;

/// <summary>
/// The workers run on this machine, so its files are theirs: a missing folder, a truncated IDX file or more clusters than samples is told
/// at once and not by a job a minute later. The ingest job checks every image anyway.
/// </summary>
public sealed class LocalSourceCheck : ISourceCheck
{
    private static readonly byte[] s_png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public void Check(RunSpec spec)
    {
        var data = spec.Data;
        try
        {
            var count = Count(data, data.Images, data.Labels);
            if (data.TestImages is not null)
            {
                _ = Count(data, data.TestImages, data.TestLabels);
            }

            if (spec.Clustering.Weights is { } weights && !weights.StartsWith("file:", StringComparison.OrdinalIgnoreCase) && !File.Exists(weights) && !Directory.Exists(weights))
            {
                throw new ParisInputException($"clustering.weights '{weights}' does not exist on this machine; name the file or folder of the DINOv2 weights.");
            }

            var used = data.Limit > 0 ? Math.Min(count, data.Limit) : count;
            if (spec.Clustering.Clusters > used)
            {
                throw new ParisInputException($"clustering.clusters is {spec.Clustering.Clusters}, but '{data.Images}' gives {used} samples; use at most that many clusters.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"The images cannot be read ({e.Message.TrimEnd('.')}); name files of this machine in data.images.", e);
        }
    }

    private static int Count(DataSpec data, string images, string? labels) => data.Kind switch
    {
        "idx" => Pair(images, labels),
        "folder" => Folder(images, strict: data.BadFiles == "fail"),
        _ => File.Exists(images) || Directory.Exists(images) ? int.MaxValue : throw new ParisInputException($"data.images '{images}' does not exist on this machine; name a file or folder."),
    };

    private static int Pair(string images, string? labels)
    {
        var count = Idx(images, rank: 3);
        return labels is null || Idx(labels, rank: 1) is var named && named == count
            ? count
            : throw new ParisInputException($"'{labels}' and '{images}' do not belong together: one holds {Idx(labels, rank: 1)} labels, the other {count} images.");
    }

    /// <summary>Reads the file to its end, so that a truncated one is found, and returns how many items it holds.</summary>
    private static int Idx(string path, int rank)
    {
        using var reader = IdxReader.Open(path);
        if (reader.Shape.Length != rank)
        {
            throw new ParisInputException($"'{path}' has the shape [{string.Join(", ", reader.Shape)}]; {(rank == 1 ? "labels have one side" : "images have three")}.");
        }

        var buffer = new byte[Math.Max(reader.ItemBytes, 1) * 256];
        while (reader.Read(buffer) > 0)
        {
        }

        return reader.Count;
    }

    private static int Folder(string path, bool strict)
    {
        if (!Directory.Exists(path))
        {
            throw new ParisInputException($"data.images '{path}' is no folder of this machine; name one with images.");
        }

        // Broken files are skipped when the images are read, unless the spec says otherwise; all broken is told now.
        var count = 0;
        string? broken = null;
        Span<byte> start = stackalloc byte[s_png.Length];
        foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => ImageFile.Extensions.Contains(Path.GetExtension(f).ToLowerInvariant())))
        {
            if (Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase))
            {
                using var stream = File.OpenRead(file);
                if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.SequenceEqual(s_png))
                {
                    broken ??= file;
                    continue;
                }
            }

            count++;
        }

        return broken is not null && (strict || count == 0)
            ? throw new ParisInputException($"'{broken}' is not a PNG file although its name says so; remove or replace it.")
            : count > 0 ? count : throw new ParisInputException($"The folder '{path}' holds no image ({string.Join(", ", ImageFile.Extensions)}).");
    }
}
