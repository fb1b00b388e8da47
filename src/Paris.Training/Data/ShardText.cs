using System.Runtime.InteropServices;
using Paris.Core.Formats;
using Paris.Training.Text;

namespace Paris.Training.Data;

/// <summary>The encoded captions of one shard's samples.</summary>
public sealed class ShardText
{
    /// <summary>Text that is already in memory.</summary>
    /// <param name="shape">Shapes of one sample's.</param>
    /// <param name="sequence">F16 [N, T, D], little-endian.</param>
    /// <param name="pooled">F16 [N, P].</param>
    public ShardText(TextShape shape, ReadOnlyMemory<byte> sequence, ReadOnlyMemory<byte> pooled)
    {
        (Shape, Sequence, Pooled) = (shape, sequence, pooled);
        if (sequence.Length != (long)Count * shape.SequenceSize * Width || pooled.Length % (shape.Pooled * Width) != 0)
        {
            throw new ArgumentException($"Text of {shape} has {sequence.Length} bytes of sequences and {pooled.Length} of pooled embeddings.");
        }
    }

    /// <summary>Bytes of a number.</summary>
    public static int Width => 2;

    public TextShape Shape { get; }

    /// <summary>N.</summary>
    public int Count => Pooled.Length / (Shape.Pooled * Width);

    /// <summary>F16 [N, T, D].</summary>
    public ReadOnlyMemory<byte> Sequence { get; }

    /// <summary>F16 [N, P].</summary>
    public ReadOnlyMemory<byte> Pooled { get; }

    /// <summary>[T, D] of a sample as stored.</summary>
    public ReadOnlySpan<byte> SequenceOf(int index) => Sequence.Span.Slice(index * Shape.SequenceSize * Width, Shape.SequenceSize * Width);

    /// <summary>[P] of a sample as stored.</summary>
    public ReadOnlySpan<byte> PooledOf(int index) => Pooled.Span.Slice(index * Shape.Pooled * Width, Shape.Pooled * Width);

    /// <summary>[T, D] of a sample.</summary>
    public void CopySequence(int index, Span<float> destination) => FloatFormats.HalfToSingle(MemoryMarshal.Cast<byte, Half>(SequenceOf(index)), destination[..Shape.SequenceSize]);

    /// <summary>[P] of a sample.</summary>
    public void CopyPooled(int index, Span<float> destination) => FloatFormats.HalfToSingle(MemoryMarshal.Cast<byte, Half>(PooledOf(index)), destination[..Shape.Pooled]);
}
