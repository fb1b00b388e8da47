using System.Text;
using Paris.Core;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class FolderImageSourceTests : IDisposable
{
    private readonly SourceFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Images_come_in_order_with_classes_and_captions()
    {
        _files.Png("cats/b.png", 4, 4, 1, (_, _, _) => 20);
        _files.Png("cats/a.png", 4, 4, 1, (_, _, _) => 10);
        _files.Write("dogs/c.pgm", Encoding.ASCII.GetBytes("P2 2 2 255 30 30 30 30"));
        _files.Write("cats/a.txt", Encoding.UTF8.GetBytes(" a small cat\n"));
        _files.Write("cats/readme.md", [1]);
        using var source = new FolderImageSource(_files.Folder, [], side: 2, channels: 1, limit: 0);

        Assert.Equal(3, source.Count);
        Assert.Equal(["cats", "dogs"], source.Classes);
        var seen = new List<(byte, long, string?)>();
        var pixels = new byte[4];
        while (source.TryRead(pixels, out var label, out var caption))
        {
            seen.Add((pixels[0], label, caption));
        }

        Assert.Equal([(10, 0, "a small cat"), (20, 0, null), (30, 1, null)], seen);
    }

    [Fact]
    public void Wide_images_are_cropped_to_the_centre_and_colour_becomes_planes()
    {
        // Red left and right of a square whose green is 100 and blue 200.
        _files.Png("wide.png", 8, 4, 3, (x, _, c) => x is < 2 or >= 6 ? (byte)(c == 0 ? 255 : 0) : (byte)(c * 100));
        using var source = new FolderImageSource(_files.Folder, [], side: 2, channels: 3, limit: 0);

        var pixels = new byte[12];
        Assert.True(source.TryRead(pixels, out var label, out _));

        Assert.Equal(-1, label);
        Assert.Equal(new byte[] { 0, 0, 0, 0, 100, 100, 100, 100, 200, 200, 200, 200 }, pixels);
    }

    [Fact]
    public void What_is_no_image_is_named()
    {
        _files.Png("a.png", 4, 4, 1, (_, _, _) => 0);
        _files.Write("b.png", Encoding.ASCII.GetBytes("this is text"));
        using var source = new FolderImageSource(_files.Folder, [], side: 4, channels: 1, limit: 0);
        Assert.True(source.TryRead(new byte[16], out _, out _));

        var error = Assert.Throws<ParisInputException>(() => source.TryRead(new byte[16], out _, out _));

        Assert.Contains("b.png", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void An_empty_folder_and_an_unknown_class_are_bad_input()
    {
        Assert.Contains("holds no image", Assert.Throws<ParisInputException>(() => Open([])).Message, StringComparison.Ordinal);

        _files.Png("birds/a.png", 4, 4, 1, (_, _, _) => 0);
        Assert.Contains("'birds'", Assert.Throws<ParisInputException>(() => Open(["cats"])).Message, StringComparison.Ordinal);

        FolderImageSource Open(string[] classes) => new(_files.Folder, classes, side: 4, channels: 1, limit: 0);
    }

    [Fact]
    public void A_caption_that_is_no_text_is_bad_input()
    {
        _files.Png("a.png", 4, 4, 1, (_, _, _) => 0);
        _files.Write("a.txt", [0xFF, 0xFE, 0xC0]);
        using var source = new FolderImageSource(_files.Folder, [], side: 4, channels: 1, limit: 0);

        Assert.Contains("a.txt", Assert.Throws<ParisInputException>(() => source.TryRead(new byte[16], out _, out _)).Message, StringComparison.Ordinal);
    }
}
