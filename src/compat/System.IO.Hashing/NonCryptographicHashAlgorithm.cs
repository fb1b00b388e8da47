namespace System.IO.Hashing;

/// <summary>
/// A hash that is no cryptographic one. The stand-in holds only this base class: it is what the Azure Storage libraries derive their own
/// CRC-64 from, and all they use of the package; none of its algorithms are here.
/// </summary>
public abstract class NonCryptographicHashAlgorithm
{
    /// <param name="hashLengthInBytes">Bytes of the finished hash, at least 1.</param>
    protected NonCryptographicHashAlgorithm(int hashLengthInBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hashLengthInBytes, 1);
        HashLengthInBytes = hashLengthInBytes;
    }

    /// <summary>Bytes of the finished hash.</summary>
    public int HashLengthInBytes { get; }

    /// <summary>Takes more of the content.</summary>
    public abstract void Append(ReadOnlySpan<byte> source);

    /// <summary>Forgets all content.</summary>
    public abstract void Reset();

    /// <summary>Writes the hash of the content so far, <see cref="HashLengthInBytes"/> bytes.</summary>
    protected abstract void GetCurrentHashCore(Span<byte> destination);

    /// <summary>Takes more of the content.</summary>
    public void Append(byte[] source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Append(new ReadOnlySpan<byte>(source));
    }

    /// <summary>Takes the rest of a stream.</summary>
    public void Append(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var buffer = new byte[4096];
        int count;
        while ((count = stream.Read(buffer, 0, buffer.Length)) > 0)
        {
            Append(new ReadOnlySpan<byte>(buffer, 0, count));
        }
    }

    /// <summary>Takes the rest of a stream.</summary>
    public async Task AppendAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var buffer = new byte[4096];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            Append(new ReadOnlySpan<byte>(buffer, 0, count));
        }
    }

    /// <summary>The hash of the content so far.</summary>
    public byte[] GetCurrentHash()
    {
        var hash = new byte[HashLengthInBytes];
        GetCurrentHashCore(hash);
        return hash;
    }

    /// <summary>Writes the hash of the content so far and returns its length.</summary>
    public int GetCurrentHash(Span<byte> destination)
        => TryGetCurrentHash(destination, out var written) ? written : throw TooShort(nameof(destination));

    /// <summary>Writes the hash of the content so far; false when it does not fit.</summary>
    public bool TryGetCurrentHash(Span<byte> destination, out int bytesWritten)
    {
        if (destination.Length < HashLengthInBytes)
        {
            bytesWritten = 0;
            return false;
        }

        GetCurrentHashCore(destination[..HashLengthInBytes]);
        bytesWritten = HashLengthInBytes;
        return true;
    }

    /// <summary>The hash of the content so far; then forgets all content.</summary>
    public byte[] GetHashAndReset()
    {
        var hash = new byte[HashLengthInBytes];
        GetHashAndResetCore(hash);
        return hash;
    }

    /// <summary>Writes the hash of the content so far and returns its length; then forgets all content.</summary>
    public int GetHashAndReset(Span<byte> destination)
        => TryGetHashAndReset(destination, out var written) ? written : throw TooShort(nameof(destination));

    /// <summary>Writes the hash of the content so far, then forgets all content; false when it does not fit.</summary>
    public bool TryGetHashAndReset(Span<byte> destination, out int bytesWritten)
    {
        if (destination.Length < HashLengthInBytes)
        {
            bytesWritten = 0;
            return false;
        }

        GetHashAndResetCore(destination[..HashLengthInBytes]);
        bytesWritten = HashLengthInBytes;
        return true;
    }

    /// <summary>Writes the hash, then forgets all content.</summary>
    protected virtual void GetHashAndResetCore(Span<byte> destination)
    {
        GetCurrentHashCore(destination);
        Reset();
    }

    private static ArgumentException TooShort(string name) => new("The destination is shorter than the hash.", name);
}
