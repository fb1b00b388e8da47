using Paris.Training.Trainers;
using Xunit;

namespace Paris.Training.Tests.Trainers;

public sealed class ChunkStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void It_reads_as_one_piece_from_anywhere(int buffer)
    {
        byte[] whole = [.. Enumerable.Range(0, 20).Select(i => (byte)i)];
        using var stream = new ChunkStream([whole.AsMemory(0, 1), ReadOnlyMemory<byte>.Empty, whole.AsMemory(1, 12), whole.AsMemory(13), ReadOnlyMemory<byte>.Empty]);
        Assert.Equal(20, stream.Length);
        foreach (var start in new[] { 0, 1, 5, 13, 19, 20 })
        {
            stream.Position = start;
            using var copy = new MemoryStream();
            stream.CopyTo(copy, buffer);
            Assert.Equal(whole[start..], copy.ToArray());
        }
    }
}
