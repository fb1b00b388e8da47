using System.Text;
using Paris.Core;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class EncodedImageSourceTests : IDisposable
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
        using var source = new EncodedImageSource(new FolderSamples(_files.Folder, []), side: 2, channels: 1);

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
        using var source = new EncodedImageSource(new FolderSamples(_files.Folder, []), side: 2, channels: 3);

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
        using var source = new EncodedImageSource(new FolderSamples(_files.Folder, []), side: 4, channels: 1);
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

        EncodedImageSource Open(string[] classes) => new(new FolderSamples(_files.Folder, classes), side: 4, channels: 1);
    }

    [Fact]
    public void A_caption_that_is_no_text_is_bad_input()
    {
        _files.Png("a.png", 4, 4, 1, (_, _, _) => 0);
        _files.Write("a.txt", [0xFF, 0xFE, 0xC0]);
        using var source = new EncodedImageSource(new FolderSamples(_files.Folder, []), side: 4, channels: 1);

        Assert.Contains("a.txt", Assert.Throws<ParisInputException>(() => source.TryRead(new byte[16], out _, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_files_are_listed_and_skipped_and_a_range_is_read_alone()
    {
        for (var i = 0; i < 20; i++)
        {
            _files.Png($"{i:D2}.png", 4, 4, 1, (_, _, _) => (byte)(i / 2));
        }

        _files.Write("07.png", [0x89, (byte)'P']);
        _files.Write("03.txt", [0xFF, 0xFE, 0xC0]);
        using var source = new EncodedImageSource(new FolderSamples(_files.Folder, []), side: 4, channels: 1, skipBad: true);

        var seen = new List<(long, byte)>();
        var pixels = new byte[16];
        source.Select(2, 5);
        Read();
        source.Select(6, 99);
        Read();

        Assert.Equal([(2, 1), (4, 2), (6, 3), .. Enumerable.Range(8, 12).Select(i => ((long)i, (byte)(i / 2)))], seen);
        Assert.Equal(["03.png", "07.png"], source.Bad.Select(x => x.Name));
        Assert.Contains("03.txt", source.Bad[0].Reason, StringComparison.Ordinal);
        Assert.Equal((20 - 2 - 1 - 2, "png"), (source.Decoded["png"].Images, Assert.Single(source.Decoded.Keys)));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Select(5, 6));

        void Read()
        {
            while (source.TryRead(pixels, out _, out _))
            {
                seen.Add((source.Position, pixels[0]));
            }
        }
    }

    [Fact]
    public void Tar_shards_are_read_where_they_lie()
    {
        Tar("b.tar", ("x/2.png", Picture(30)), ("x/2.json", Encoding.UTF8.GetBytes("""{"text": "three", "class": "dog"}""")));
        Tar("a.tar", ("0.png", Picture(10)), ("0.txt", "one "u8.ToArray()), ("0.cls", "cat"u8.ToArray()), ("notes.md", [1]), ("1.txt", "no image"u8.ToArray()), ("2.seg.png", Picture(99)));
        using var source = new EncodedImageSource(new TarSamples(_files.Folder, []), side: 2, channels: 1);

        var seen = new List<(byte, long, string?)>();
        var pixels = new byte[4];
        while (source.TryRead(pixels, out var label, out var caption))
        {
            seen.Add((pixels[0], label, caption));
        }

        Assert.Equal(["cat", "dog"], source.Classes);
        Assert.Equal([(10, 0, "one"), (30, 1, "three")], seen);
    }

    [Theory]
    [InlineData("../../etc/passwd.png")]
    [InlineData("/etc/passwd.png")]
    public void A_tar_whose_names_lead_out_is_refused(string name)
    {
        Tar("a.tar", (name, Picture(1)));

        Assert.Contains("leads out of it", Assert.Throws<ParisInputException>(() => new TarSamples(_files.Folder, [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_tars_and_lists_are_named()
    {
        _files.Write("a.tar", Encoding.ASCII.GetBytes(new string('x', 700)));
        Assert.Contains("no readable tar file", Assert.Throws<ParisInputException>(() => new TarSamples(_files.Folder, [])).Message, StringComparison.Ordinal);

        var list = _files.Write("list.jsonl", "{\"image\": \"a.png\"}\n{\"img\": 1}\n"u8.ToArray());
        Assert.Contains("line 2", Assert.Throws<ParisInputException>(() => new ListedSamples(list, [])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_stays_below_its_folder()
    {
        _files.Png("in/a.png", 4, 4, 1, (_, _, _) => 5);
        _files.Png("out.png", 4, 4, 1, (_, _, _) => 6);
        var list = _files.Write("in/list.jsonl", "{\"image\": \"a.png\", \"caption\": \" five \", \"class\": \"odd\"}\n\n{\"image\": \"../out.png\"}\n{\"image\": \"none.png\"}\n"u8.ToArray());
        using var source = new EncodedImageSource(new ListedSamples(list, []), side: 4, channels: 1, skipBad: true);

        Assert.True(source.TryRead(new byte[16], out var label, out var caption));
        Assert.Equal((0, "five"), (label, caption));
        Assert.False(source.TryRead(new byte[16], out _, out _));
        Assert.Contains("outside the allowed source folders", source.Bad[0].Reason, StringComparison.Ordinal);
        Assert.Contains("no file", source.Bad[1].Reason, StringComparison.Ordinal);
    }

    private static byte[] Picture(byte value) => Paris.Core.Formats.PngEncoder.Encode(new Paris.Core.Formats.RasterImage(2, 2, 1, [value, value, value, value]));

    private void Tar(string name, params (string Name, byte[] Content)[] entries)
    {
        using var stream = File.Create(Path.Combine(_files.Folder, name));
        using var tar = new System.Formats.Tar.TarWriter(stream);
        foreach (var (entry, content) in entries)
        {
            tar.WriteEntry(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });
        }
    }
}
