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
    private static readonly string[] s_images = [".png", ".pgm", ".ppm"];
    private static readonly byte[] s_png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public void Check(RunSpec spec)
    {
        var data = spec.Data;
        try
        {
            var count = data.Kind == "idx" ? Pair(data.Images, data.Labels) : Folder(data.Images);
            if (data.TestImages is not null)
            {
                _ = data.Kind == "idx" ? Pair(data.TestImages, data.TestLabels) : Folder(data.TestImages);
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

    private static int Folder(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new ParisInputException($"data.images '{path}' is no folder of this machine; name one with images.");
        }

        var count = 0;
        Span<byte> start = stackalloc byte[s_png.Length];
        foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => s_images.Contains(Path.GetExtension(f).ToLowerInvariant())))
        {
            count++;
            if (Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase))
            {
                using var stream = File.OpenRead(file);
                if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.SequenceEqual(s_png))
                {
                    throw new ParisInputException($"'{file}' is not a PNG file although its name says so; remove or replace it.");
                }
            }
        }

        return count > 0 ? count : throw new ParisInputException($"The folder '{path}' holds no image ({string.Join(", ", s_images)}).");
    }
}
