using System.Buffers.Binary;
using System.IO.Compression;
using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Gateway.Runs;

/// <summary>
/// The workers run on this machine, so its files are theirs: a missing folder, a truncated IDX file or more clusters than samples is told
/// at once and not by a job a minute later. The ingest job checks every image anyway.
/// </summary>
public sealed class LocalSourceCheck : ISourceCheck
{
    private static readonly string[] s_images = [".png", ".pgm", ".ppm", ".pnm"];
    private static readonly byte[] s_png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public void Check(RunSpec spec)
    {
        var data = spec.Data;
        long count;
        if (data.Kind == "idx")
        {
            count = Idx(data.Images, "data.images", rank: 3);
            Matches(data.Labels, "data.labels", count, data.Images);
            if (data.TestImages is not null)
            {
                var held = Idx(data.TestImages, "data.testImages", rank: 3);
                Matches(data.TestLabels, "data.testLabels", held, data.TestImages);
            }
        }
        else
        {
            count = Folder(data.Images, "data.images");
            if (data.TestImages is not null)
            {
                _ = Folder(data.TestImages, "data.testImages");
            }
        }

        var used = data.Limit > 0 ? Math.Min(count, data.Limit) : count;
        if (spec.Clustering.Clusters > used)
        {
            throw new ParisInputException($"clustering.clusters is {spec.Clustering.Clusters}, but '{data.Images}' gives {used} samples; use at most that many clusters.");
        }
    }

    private static void Matches(string? labels, string key, long images, string source)
    {
        if (labels is not null && Idx(labels, key, rank: 1) is var count && count != images)
        {
            throw new ParisInputException($"{key} '{labels}' holds {count} labels, but '{source}' holds {images} images; name the file that belongs to it.");
        }
    }

    /// <summary>Reads an IDX file to its end, gunzipping it if need be, and returns how many items it holds.</summary>
    private static long Idx(string path, string key, int rank)
    {
        try
        {
            using var file = File.OpenRead(path);
            Span<byte> start = stackalloc byte[2];
            file.ReadAtLeast(start, 2, throwOnEndOfStream: false);
            file.Position = 0;
            using Stream content = start is [0x1F, 0x8B] ? new GZipStream(file, CompressionMode.Decompress) : file;
            Span<byte> header = stackalloc byte[4 + (4 * rank)];
            if (content.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || header[0] != 0 || header[1] != 0 || header[2] != 0x08 || header[3] != rank)
            {
                throw new ParisInputException($"{key} '{path}' is not an IDX file of unsigned bytes with {rank} dimension{(rank == 1 ? "" : "s")}.");
            }

            long expected = 1;
            for (var i = 0; i < rank; i++)
            {
                expected = checked(expected * BinaryPrimitives.ReadUInt32BigEndian(header[(4 + (4 * i))..]));
            }

            long found = 0;
            var buffer = new byte[1 << 16];
            for (int read; (read = content.Read(buffer)) > 0;)
            {
                found += read;
            }

            return found == expected
                ? BinaryPrimitives.ReadUInt32BigEndian(header[4..])
                : throw new ParisInputException($"{key} '{path}' is {(found < expected ? "truncated" : "too long")}: its header promises {expected} bytes, {found} follow; fetch the file again.");
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            throw new ParisInputException($"{key} '{path}' is damaged ({e.Message.TrimEnd('.')}); fetch the file again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"{key} '{path}' cannot be read ({e.Message.TrimEnd('.')}); name an IDX file of this machine.", e);
        }
    }

    private static long Folder(string path, string key)
    {
        if (!Directory.Exists(path))
        {
            throw new ParisInputException($"{key} '{path}' is no folder of this machine; name one with images.");
        }

        long count = 0;
        Span<byte> start = stackalloc byte[s_png.Length];
        foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => s_images.Contains(Path.GetExtension(f).ToLowerInvariant())))
        {
            count++;
            if (Path.GetExtension(file).Equals(".png", StringComparison.OrdinalIgnoreCase))
            {
                using var stream = File.OpenRead(file);
                if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.SequenceEqual(s_png))
                {
                    throw new ParisInputException($"{key}: '{file}' is not a PNG file although its name says so; remove or replace it.");
                }
            }
        }

        return count > 0 ? count : throw new ParisInputException($"{key} '{path}' holds no image ({string.Join(", ", s_images)}).");
    }
}
