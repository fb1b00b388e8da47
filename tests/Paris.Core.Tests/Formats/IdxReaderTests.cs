using System.IO.Compression;
using Paris.Core.Formats;
using Xunit;

namespace Paris.Core.Tests.Formats;

public sealed class IdxReaderTests
{
    private static readonly byte[] Images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReadsItemByItem(bool gzip)
    {
        using var stream = new MemoryStream(gzip ? Gzip(Images) : Images);
        using var reader = IdxReader.FromStream(stream, "x");
        Assert.Equal([2, 2, 3], reader.Shape.ToArray());
        Assert.Equal((2, 6), (reader.Count, reader.ItemBytes));
        var item = new byte[6];
        Assert.Throws<ArgumentException>(() => reader.Read(new byte[5]));
        Assert.Equal(1, reader.Read(item));
        Assert.Equal([1, 2, 3, 4, 5, 6], item);
        Assert.Equal(1, reader.Read(new byte[11]));
        Assert.Equal(0, reader.Read(item));
        Assert.Equal(2, reader.Position);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EveryTruncationIsAnInputError(bool gzip)
    {
        var whole = gzip ? Gzip(Images) : Images;
        for (var length = 0; length < whole.Length - (gzip ? 12 : 0); length++) // gzip's end mark, checksum and length stand behind the last item
        {
            var message = Refusal(whole[..length]);
            Assert.Matches("^x is (truncated|no IDX file|a damaged gzip file)", message);
            Assert.DoesNotContain('\n', message);
        }
    }

    [Theory]
    [InlineData(false, "x is too long: its header counts 12 bytes of data, but it has 13.")]
    [InlineData(true, "x goes on behind its last item: its header counts 2 items of 6 bytes.")]
    public void TrailingBytesAreAnInputError(bool gzip, string message)
    {
        byte[] longer = [.. Images, 0];
        Assert.Equal(message, Refusal(gzip ? Gzip(longer) : longer));
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 8, 1, 0, 0, 0, 0 }, "x is no IDX file")]
    [InlineData(new byte[] { 0, 0, 13, 1, 0, 0, 0, 0 }, "element type 0x0D")]
    [InlineData(new byte[] { 0, 0, 8, 0 }, "its rank is 0")]
    [InlineData(new byte[] { 0, 0, 8, 5 }, "its rank is 5")]
    [InlineData(new byte[] { 0, 0, 8, 1, 255, 255, 255, 255 }, "its side 0 is 4294967295")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 1, 127, 255, 255, 255, 127, 255, 255, 255 }, "too large")]
    public void HostileHeadersAreInputErrors(byte[] file, string message) => Assert.Contains(message, Refusal(file), StringComparison.Ordinal);

    /// <summary>A gzip file whose header promises 2 GB of images and which holds none costs no memory.</summary>
    [Fact]
    public void PromisesAllocateNothing()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Gzip([0, 0, 8, 3, 0, 1, 0, 0, 0, 0, 0, 128, 0, 0, 0, 200]));
            var before = GC.GetTotalAllocatedBytes();
            Assert.Contains("truncated", Assert.Throws<ParisInputException>(() => IdxReader.ReadAll(path, 3)).Message, StringComparison.Ordinal);
            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 100_000_000);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void ReadsAllAndChecksTheRank()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Gzip(Images));
            var (shape, elements) = IdxReader.ReadAll(path, 3);
            Assert.Equal([2, 2, 3], shape.ToArray());
            Assert.Equal(Images[16..], elements);
            Assert.Equal($"{path} has the shape [2, 2, 3]; labels have one side.", Assert.Throws<ParisInputException>(() => IdxReader.ReadAll(path, 1)).Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void MissingFilesAreInputErrors()
        => Assert.Equal("There is no file 'nowhere/images.gz'.", Assert.Throws<ParisInputException>(() => IdxReader.Open("nowhere/images.gz")).Message);

    private static string Refusal(byte[] file)
    {
        using var stream = new MemoryStream(file);
        return Assert.Throws<ParisInputException>(() =>
        {
            using var reader = IdxReader.FromStream(stream, "x");
            var buffer = new byte[Math.Max(1, reader.ItemBytes)];
            while (reader.Read(buffer) > 0)
            {
            }
        }).Message;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return stream.ToArray();
    }
}
