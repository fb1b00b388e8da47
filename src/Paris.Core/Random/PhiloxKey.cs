using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Paris.Core.Random;

/// <summary>
/// Names one stream of random numbers, a pure function of (seed, purpose, expert, step, sample); number i of a stream can be computed
/// alone. The mapping to Philox is injective: the seed is the key, and the counter holds, from its lowest word,
/// block (32 bits) | sample (low 32) | step (32) | sample (high 8), expert + 1 (16), purpose (8).
/// </summary>
/// <remarks>
/// Normals and uniforms are built from integer operations and single IEEE additions, multiplications, divisions and square roots in a
/// fixed order, with logarithm and sine as polynomials of our own: the same bits on every CPU, whatever its vector width or C library.
/// </remarks>
public readonly record struct PhiloxKey
{
    /// <summary>The expert of streams that belong to none.</summary>
    public const int NoExpert = -1;

    /// <summary>Numbers in a stream: 2^32 blocks of four words.</summary>
    public const long MaxNumbers = 1L << 34;

    private const int ChunkBlocks = 64;
    private const int MaxExpert = (1 << 16) - 2;
    private const long MaxSample = (1L << 40) - 1;

    private readonly uint _word3;

    /// <summary>A stream.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What the numbers are for.</param>
    /// <param name="expert">The expert, 0 … 65534, or <see cref="NoExpert"/>.</param>
    /// <param name="step">The training step, the pass, or another count below 2^32.</param>
    /// <param name="sample">The sample's index or its place in the batch, below 2^40.</param>
    public PhiloxKey(ulong seed, RandomPurpose purpose, int expert = NoExpert, long step = 0, long sample = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(expert, NoExpert);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expert, MaxExpert);
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(step, uint.MaxValue);
        ArgumentOutOfRangeException.ThrowIfNegative(sample);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sample, MaxSample);
        Seed = seed;
        Step = (uint)step;
        SampleLow = (uint)sample;
        _word3 = ((uint)purpose << 24) | ((uint)(expert + 1) << 8) | (uint)(sample >> 32);
    }

    public ulong Seed { get; }

    public RandomPurpose Purpose => (RandomPurpose)(_word3 >> 24);

    public int Expert => (int)((_word3 >> 8) & 0xFFFF) - 1;

    public uint Step { get; }

    public long Sample => ((long)(_word3 & 0xFF) << 32) | SampleLow;

    private uint SampleLow { get; }

    /// <summary>The same stream family at another step.</summary>
    public PhiloxKey AtStep(long step) => new(Seed, Purpose, Expert, step, Sample);

    /// <summary>The same stream family for another sample.</summary>
    public PhiloxKey ForSample(long sample) => new(Seed, Purpose, Expert, Step, sample);

    /// <summary>A cursor that reads this stream from its start.</summary>
    public PhiloxStream Stream() => new(this);

    /// <summary>Block <paramref name="index"/> of the stream: its numbers 4·index … 4·index + 3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PhiloxBlock Block(uint index)
        => Philox.Block(new PhiloxBlock(index, SampleLow, Step, _word3), (uint)Seed, (uint)(Seed >> 32));

    /// <summary>Word <paramref name="index"/> of the stream.</summary>
    public uint UInt32At(long index)
    {
        CheckRange(index, 1);
        var block = Block((uint)(index >> 2));
        return (index & 3) switch { 0 => block.W0, 1 => block.W1, 2 => block.W2, _ => block.W3 };
    }

    /// <summary>Number <paramref name="index"/> of the stream as a uniform in [0, 1) on a grid of 2^-24, the value <see cref="FillUniform"/> gives there.</summary>
    public float UniformAt(long index) => ToUniform(UInt32At(index));

    /// <summary>Fills with uniforms in [0, 1) on a grid of 2^-24: numbers <paramref name="offset"/>, offset + 1, … of the stream.</summary>
    public void FillUniform(Span<float> destination, long offset = 0)
    {
        CheckRange(offset, destination.Length);
        Span<uint> words = stackalloc uint[4 * ChunkBlocks];
        while (!destination.IsEmpty)
        {
            var skip = (int)(offset & 3);
            var count = Math.Min(destination.Length, words.Length - skip);
            FillWords(words[..Round4(skip + count)], (uint)(offset >> 2));
            for (var i = 0; i < count; i++)
            {
                destination[i] = ToUniform(words[skip + i]);
            }

            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>
    /// Fills with standard normals (Box–Muller): numbers <paramref name="offset"/>, offset + 1, … of the stream. Words 2i and 2i + 1 make
    /// numbers 2i and 2i + 1: radius √(−2 ln u) with u = (⌊w/2⌋ + ½)·2^-31, angle 2π·w'/2^32 − π/4. |z| ≤ 6.67.
    /// </summary>
    public void FillNormal(Span<float> destination, long offset = 0)
    {
        CheckRange(offset, destination.Length);
        Span<uint> radii = stackalloc uint[2 * ChunkBlocks];
        Span<uint> angles = stackalloc uint[2 * ChunkBlocks];
        Span<float> cosines = stackalloc float[2 * ChunkBlocks];
        Span<float> sines = stackalloc float[2 * ChunkBlocks];
        while (!destination.IsEmpty)
        {
            var skip = (int)(offset & 3);
            var count = Math.Min(destination.Length, (4 * ChunkBlocks) - skip);
            var blocks = Round4(skip + count) / 4;
            var first = (uint)(offset >> 2);
            for (var b = 0; b < blocks; b++)
            {
                var block = Block(first + (uint)b);
                radii[2 * b] = block.W0;
                angles[2 * b] = block.W1;
                radii[(2 * b) + 1] = block.W2;
                angles[(2 * b) + 1] = block.W3;
            }

            // Whole vectors; lanes beyond the pairs in use hold values of no consequence.
            for (var i = 0; i < 2 * blocks; i += Vector256<uint>.Count)
            {
                var (x, y) = Normals.FromWords(Vector256.Create<uint>(radii[i..]), Vector256.Create<uint>(angles[i..]));
                x.CopyTo(cosines[i..]);
                y.CopyTo(sines[i..]);
            }

            if (skip == 0 && (count & 1) == 0)
            {
                for (var i = 0; i < count / 2; i++)
                {
                    destination[2 * i] = cosines[i];
                    destination[(2 * i) + 1] = sines[i];
                }
            }
            else
            {
                for (var i = 0; i < count; i++)
                {
                    var number = skip + i;
                    destination[i] = (number & 1) == 0 ? cosines[number >> 1] : sines[number >> 1];
                }
            }

            destination = destination[count..];
            offset += count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ToUniform(uint word) => (int)(word >> 8) * (1f / (1 << 24));

    private static int Round4(int value) => (value + 3) & ~3;

    private static void CheckRange(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, MaxNumbers - count);
    }

    private void FillWords(Span<uint> words, uint firstBlock)
    {
        for (var i = 0; i < words.Length; i += 4)
        {
            var block = Block(firstBlock + (uint)(i / 4));
            words[i] = block.W0;
            words[i + 1] = block.W1;
            words[i + 2] = block.W2;
            words[i + 3] = block.W3;
        }
    }
}
