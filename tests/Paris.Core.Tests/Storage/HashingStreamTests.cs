using System.Security.Cryptography;
using Paris.Core.Jobs;
using Xunit;

namespace Paris.Core.Tests.Storage;

/// <summary>Outputs are hashed while the store reads them.</summary>
public sealed class HashingStreamTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(300_000)]
    public async Task AnUploadReadsItsContentOnce(int length)
    {
        var bytes = new byte[length];
        new System.Random(1).NextBytes(bytes);
        using var content = new CountingContent(bytes) { Position = Math.Min(3, length) };
        var fence = await JobFence.TakeOverAsync(new MemoryBlobStore(), JobId.ForExpert("r", 0), "silo", new string('a', 32), "start");
        var entry = await fence.PutOutputAsync("model.safetensors", content);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(Math.Min(3, length)))), entry.Sha256);
        Assert.Equal((bytes.Length - Math.Min(3, length), bytes.Length - Math.Min(3, length)), (entry.Bytes, content.Count));
    }

    private sealed class CountingContent(byte[] bytes) : MemoryStream(bytes)
    {
        public long Count { get; private set; }

        // Read(Span) of a derived MemoryStream comes through here.
        public override int Read(byte[] buffer, int offset, int count) => Add(base.Read(buffer, offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        private int Add(int read)
        {
            Count += read;
            return read;
        }
    }
}
