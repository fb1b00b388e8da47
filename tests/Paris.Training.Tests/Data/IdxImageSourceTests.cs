using Paris.Core;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class IdxImageSourceTests : IDisposable
{
    private readonly SourceFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Images_are_padded_with_black_and_labelled(bool gzip)
    {
        byte[] pixels = [1, 2, 3, 4, 5, 6, 7, 8];
        var bytes = SourceFiles.Idx([2, 2, 2], pixels);
        var images = _files.Write("images", gzip ? SourceFiles.Gzip(bytes) : bytes);
        using var source = new IdxImageSource(images, _files.Labels("labels", 1, 0), ["a", "b"], side: 4, channels: 1, limit: 0);

        Assert.Equal(2, source.Count);
        Assert.Equal(["a", "b"], source.Classes);
        var read = new byte[16];
        Assert.True(source.TryRead(read, out var label, out var caption));
        Assert.Equal(new byte[] { 0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0 }, read);
        Assert.Equal(1, label);
        Assert.Null(caption);
        Assert.True(source.TryRead(read, out label, out _));
        Assert.Equal(0, label);
        Assert.Equal(5, read[5]);
        Assert.False(source.TryRead(read, out _, out _));
    }

    [Fact]
    public void A_limit_takes_the_first_images_and_no_labels_mean_minus_one()
    {
        var images = _files.Images("images", 3, 1, 1, [7, 8, 9]);
        using var source = new IdxImageSource(images, null, ["a"], side: 1, channels: 1, limit: 2);

        var read = new byte[1];
        var values = new List<byte>();
        while (source.TryRead(read, out var label, out _))
        {
            Assert.Equal(-1, label);
            values.Add(read[0]);
        }

        Assert.Equal(2, source.Count);
        Assert.Empty(source.Classes);
        Assert.Equal(new byte[] { 7, 8 }, values);
    }

    [Fact]
    public void What_is_wrong_is_said_in_one_line()
    {
        var images = _files.Images("images", 2, 2, 2, new byte[8]);
        var truncated = _files.Write("truncated", SourceFiles.Idx([3, 2, 2], new byte[8]));
        var png = _files.Png("picture.png", 2, 2, 1, (_, _, _) => 0);
        var labels = _files.Labels("labels", 0, 1);
        var three = _files.Labels("three", 0, 1, 2);

        Expect(Path.Combine(_files.Folder, "nowhere"), null, "There is no file");
        Expect(truncated, null, "truncated");
        Expect(png, null, "no IDX file");
        Expect(labels, null, "holds no images");
        Expect(images, images, "holds no labels");
        Expect(images, three, "3 labels for the 2 images");
        Expect(images, labels, "data.channels is 3", channels: 3);
        Expect(images, labels, "data.imageSize is 1", side: 1);
        Expect(_files.Images("empty", 0, 2, 2, []), null, "holds no images");
    }

    [Fact]
    public void A_truncated_gzip_file_is_found_while_reading()
    {
        var whole = SourceFiles.Gzip(SourceFiles.Idx([50, 8, 8], Clustering.PixelPcaTests.Noise(3200, 1)));
        var images = _files.Write("images.gz", whole[..(whole.Length / 2)]);
        using var source = new IdxImageSource(images, null, [], side: 8, channels: 1, limit: 0);

        var error = Assert.Throws<ParisInputException>(() =>
        {
            while (source.TryRead(new byte[64], out _, out _))
            {
            }
        });

        Assert.Contains("images.gz", error.Message, StringComparison.Ordinal);
        Assert.Contains("truncated", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_beyond_the_named_classes_is_bad_input()
    {
        var images = _files.Images("images", 1, 1, 1, [0]);
        using var source = new IdxImageSource(images, _files.Labels("labels", 2), ["a", "b"], side: 1, channels: 1, limit: 0);

        var error = Assert.Throws<ParisInputException>(() => source.TryRead(new byte[1], out _, out _));

        Assert.Contains("label 2", error.Message, StringComparison.Ordinal);
    }

    private static void Expect(string images, string? labels, string message, int side = 2, int channels = 1)
    {
        var error = Assert.Throws<ParisInputException>(() => new IdxImageSource(images, labels, [], side, channels, limit: 0));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
