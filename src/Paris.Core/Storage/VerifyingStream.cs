using System.Security.Cryptography;

namespace Paris.Core.Storage;

/// <summary>
/// A blob read once, front to back, whose SHA-256 is taken on the way: large weights are checked without being read twice or held in
/// memory. What is skipped is read all the same. What was read is to be believed only after <see cref="Complete"/>.
/// </summary>
/// <param name="inner">The blob from its beginning; stays the caller's.</param>
/// <param name="length">Its length.</param>
/// <param name="sha256">What its SHA-256 must be, lower-case hex; null: whatever it is.</param>
/// <param name="name">Its name, for messages.</param>
public sealed class VerifyingStream(Stream inner, long length, string? sha256, string name) : SeekableReadStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _position;

    public override long Length => length;

    /// <summary>Forward only.</summary>
    public override long Position
    {
        get => _position;
        set => SkipTo(value);
    }

    /// <summary>Reads what is left and compares.</summary>
    /// <exception cref="ParisInputException">The blob is damaged.</exception>
    public void Complete()
    {
        if (sha256 is null)
        {
            return;
        }

        try
        {
            SkipTo(length);
        }
        catch (EndOfStreamException)
        {
            // Told below: the hash differs.
        }

        var actual = Convert.ToHexStringLower(_hash.GetCurrentHash());
        if (actual != sha256)
        {
            throw new ParisInputException($"Blob '{name}' is damaged: its SHA-256 is {actual}, listed is {sha256}; run the job that writes it again.");
        }
    }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer[..(int)Math.Min(buffer.Length, length - _position)]);
        if (sha256 is not null)
        {
            _hash.AppendData(buffer[..read]);
        }

        _position += read;
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

    private void SkipTo(long position)
    {
        if (position < _position)
        {
            throw new InvalidOperationException($"'{name}' is read front to back; {position} lies before {_position}.");
        }

        Span<byte> rest = stackalloc byte[8192];
        while (_position < position)
        {
            if (Read(rest[..(int)Math.Min(rest.Length, position - _position)]) == 0)
            {
                throw new EndOfStreamException($"'{name}' ends at {_position} of {length} bytes.");
            }
        }
    }
}
