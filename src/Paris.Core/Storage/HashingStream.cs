using System.Security.Cryptography;

namespace Paris.Core.Storage;

/// <summary>
/// Content on its way into a store, from its position to its end, whose SHA-256 is taken as it is read the first time. What is read again
/// (after a fault) or out of order is not hashed twice; what nobody read is read when the hash is asked for.
/// </summary>
/// <param name="content">Seekable, unchanging; stays the caller's.</param>
internal sealed class HashingStream(Stream content) : SeekableReadStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly long _start = content.Position;
    private long _hashed;

    public override long Length => content.Length - _start;

    public override long Position
    {
        get => content.Position - _start;
        set => content.Position = _start + value;
    }

    /// <summary>SHA-256 of the whole content, lower-case hex.</summary>
    public string Hash()
    {
        if (_hashed < Length)
        {
            Position = _hashed;
            var rest = new byte[81_920];
            while (Read(rest.AsSpan()) > 0)
            {
            }
        }

        return Convert.ToHexStringLower(_hash.GetCurrentHash());
    }

    public override int Read(Span<byte> buffer)
    {
        var position = Position;
        var read = content.Read(buffer);
        Take(position, buffer[..read]);
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var position = Position;
        var read = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Take(position, buffer.Span[..read]);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Take(long position, ReadOnlySpan<byte> bytes)
    {
        // Only what follows what is hashed already.
        var known = _hashed - position;
        if (known >= 0 && known < bytes.Length)
        {
            _hash.AppendData(bytes[(int)known..]);
            _hashed = position + bytes.Length;
        }
    }
}
