using System.Buffers.Binary;
using System.IO.Compression;
using Paris.Core;
using Paris.Core.Specs;
using Paris.Gateway.Runs;

namespace Paris.Gateway.Tests.Runs;

public sealed class LocalSourceCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-sources-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Good_files_pass_also_gzipped()
        => new LocalSourceCheck().Check(Spec(Idx("images", [10, 28, 28], 10 * 28 * 28, gzip: true), Idx("labels", [10], 10)));

    [Fact]
    public void A_missing_file_is_named()
        => Assert.Contains("nowhere", Refused(Spec(Path.Combine(_folder, "nowhere"), null)), StringComparison.Ordinal);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_truncated_file_is_refused(bool gzip)
        => Refused(Spec(Idx("images", [10, 28, 28], (10 * 28 * 28) - 5, gzip), null));

    [Fact]
    public void Labels_that_do_not_belong_to_the_images_are_refused()
        => Assert.Contains("9 labels", Refused(Spec(Idx("images", [10, 28, 28], 7840), Idx("labels", [9], 9))), StringComparison.Ordinal);

    [Fact]
    public void More_clusters_than_samples_are_refused()
    {
        var spec = Spec(Idx("images", [10, 28, 28], 7840), null);
        Assert.Contains("clustering.clusters is 11", Refused(spec with { Clustering = spec.Clustering with { Clusters = 11 } }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_PNG_that_is_not_one_is_named()
    {
        File.WriteAllText(Path.Combine(_folder, "cat.png"), "GIF89a, really");
        Assert.Contains("cat.png", Refused(Folder(_folder)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_and_an_empty_folder_are_refused()
    {
        Refused(Folder(Path.Combine(_folder, "nowhere")));
        Refused(Folder(_folder));
    }

    private static string Refused(RunSpec spec)
    {
        var message = Assert.Throws<ParisInputException>(() => new LocalSourceCheck().Check(spec)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private static RunSpec Spec(string images, string? labels)
    {
        var smoke = RunSpecPresets.Load("smoke").Spec;
        return smoke with { Data = smoke.Data with { Images = images, Labels = labels, TestImages = null, TestLabels = null } };
    }

    private static RunSpec Folder(string folder)
    {
        var smoke = RunSpecPresets.Load("smoke").Spec;
        return smoke with { Data = smoke.Data with { Kind = "folder", Images = folder, Labels = null, TestImages = null, TestLabels = null } };
    }

    private string Idx(string name, int[] shape, int bytes, bool gzip = false)
    {
        var content = new byte[4 + (4 * shape.Length) + bytes];
        content[2] = 8;
        content[3] = (byte)shape.Length;
        for (var i = 0; i < shape.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(4 + (4 * i)), shape[i]);
        }

        var path = Path.Combine(_folder, name);
        using var file = File.Create(path);
        if (gzip)
        {
            using var zip = new GZipStream(file, CompressionLevel.Fastest);
            zip.Write(content);
        }
        else
        {
            file.Write(content);
        }

        return path;
    }
}
