namespace Paris.Core.Random;

/// <summary>
/// A permutation of 0 … n − 1 that is never stored: element i costs a few hundred nanoseconds. A number is written as
/// (left, right) in Z_a × Z_b with a·b just above n; rounds add a keyed function of one half to the other (a Feistel network over
/// addition), and a result outside 0 … n − 1 is permuted again until it is inside.
/// </summary>
public sealed class KeyedPermutation
{
    private const int Rounds = 12;

    private readonly PhiloxKey[] _rounds;
    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _count;

    /// <summary>The permutation named by <paramref name="key"/> (its sample is replaced: streams of other samples stay free of overlap only if they use other steps or purposes).</summary>
    public KeyedPermutation(PhiloxKey key, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1L << 60);
        _count = (ulong)count;
        _a = Math.Max(1, (ulong)Math.Ceiling(Math.Sqrt(count)));
        _b = Math.Max(1, (_count + _a - 1) / _a);
        _rounds = [.. Enumerable.Range(0, Rounds).Select(round => key.ForSample(round))];
    }

    /// <summary>n.</summary>
    public long Count => (long)_count;

    /// <summary>Where <paramref name="index"/> goes.</summary>
    public long this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, _count, nameof(index));
            var value = (ulong)index;
            do
            {
                value = Permute(value);
            }
            while (value >= _count);

            return (long)value;
        }
    }

    private ulong Permute(ulong value)
    {
        var left = value / _b;
        var right = value % _b;
        for (var round = 0; round < Rounds; round += 2)
        {
            left = (left + (Function(round, right) % _a)) % _a;
            right = (right + (Function(round + 1, left) % _b)) % _b;
        }

        return (left * _b) + right;
    }

    private ulong Function(int round, ulong half)
    {
        var block = _rounds[round].Block((uint)half);
        return ((ulong)block.W1 << 32) | block.W0;
    }
}
