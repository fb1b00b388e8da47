using Paris.Core.Storage;

namespace Paris.Training.Trainers;

/// <summary>A read-only, seekable stream over pieces of memory, so that a checkpoint of any size is uploaded without being copied together.</summary>
public sealed class ChunkStream : SeekableReadStream
{
    private readonly ReadOnlyMemory<byte>[] _chunks;
    private readonly long[] _starts;
    private long _position;

    public ChunkStream(IEnumerable<ReadOnlyMemory<byte>> chunks)
    {
        _chunks = [.. chunks];
        _starts = new long[_chunks.Length + 1];
        for (var i = 0; i < _chunks.Length; i++)
        {
            _starts[i + 1] = _starts[i] + _chunks[i].Length;
        }
    }

    /// <summary>Called with the new position after every read: how far an upload is.</summary>
    public Action<long>? OnRead { get; set; }

    public override long Length => _starts[^1];

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        if (_position >= Length || buffer.IsEmpty)
        {
            return 0;
        }

        // The last chunk that starts at or before the position; empty chunks share a start with their successor.
        var low = 0;
        var high = _chunks.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_starts[middle] <= _position)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        var rest = _chunks[low].Span[(int)(_position - _starts[low])..];
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        _position += count;
        OnRead?.Invoke(_position);
        return count;
    }
}
