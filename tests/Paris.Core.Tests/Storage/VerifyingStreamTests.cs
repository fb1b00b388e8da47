using System.Security.Cryptography;
using Paris.Core.Formats;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Storage;

public sealed class VerifyingStreamTests
{
    private static readonly byte[] _file = SafetensorsWriter.ToBytes(
    [
        TensorData.Of("a", new float[] { 1, 2, 3 }, 3),
        TensorData.OfSingles("b", TensorType.F16, Enumerable.Range(0, 100_000).Select(i => i / 64f).ToArray(), 100_000),
        TensorData.OfSingles("c", TensorType.BF16, new float[] { -1, 0.5f }, 2),
    ]);

    [Fact]
    public void TensorsAreReadInOrderWhileTheHashIsTaken()
    {
        using var stream = Open(_file);
        using (var file = SafetensorsFile.FromStream(stream))
        {
            Assert.Equal([1, 2, 3], file.ToSingles("a"));
            Assert.Equal([-1, 0.5f], file.ToSingles("c")); // b is skipped, and hashed all the same
            Assert.Throws<InvalidOperationException>(() => file.ToSingles("b"));
        }

        stream.Complete();
    }

    [Fact]
    public void LongTensorsComeInPieces()
    {
        using var stream = Open(_file);
        using var file = SafetensorsFile.FromStream(stream);
        var values = new float[100_000];
        file.CopySingles("b", values);
        using var whole = SafetensorsFile.FromBytes(_file);
        var expected = whole.View<Half>("b").ToArray().Select(x => (float)x);
        Assert.Equal(expected, values);
        Assert.Throws<ArgumentException>(() => whole.CopySingles("b", new float[5]));
    }

    [Fact]
    public void DamageAndTruncationShowAtTheEnd()
    {
        var damaged = _file.ToArray();
        damaged[^1] ^= 1;
        foreach (var bytes in new[] { damaged, _file[..^3] })
        {
            using var stream = Open(bytes);
            Assert.Contains("'weights' is damaged", Assert.Throws<ParisInputException>(stream.Complete).Message);
        }
    }

    private static VerifyingStream Open(byte[] bytes) => new(new MemoryStream(bytes), _file.Length, Convert.ToHexStringLower(SHA256.HashData(_file)), "weights");
}
