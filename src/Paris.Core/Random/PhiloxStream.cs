namespace Paris.Core.Random;

/// <summary>Reads one stream in order. Not thread-safe; two cursors of one key read the same numbers.</summary>
public sealed class PhiloxStream(PhiloxKey key)
{
    private PhiloxBlock _block;
    private uint _nextBlock;
    private int _used = 4;
    private bool _spent;

    public uint NextUInt32()
    {
        if (_used == 4)
        {
            if (_spent)
            {
                throw new InvalidOperationException("The stream's 2^34 numbers are used up; take another step or sample.");
            }

            _block = key.Block(_nextBlock++);
            _spent = _nextBlock == 0;
            _used = 0;
        }

        return _used++ switch { 0 => _block.W0, 1 => _block.W1, 2 => _block.W2, _ => _block.W3 };
    }

    public ulong NextUInt64()
    {
        ulong low = NextUInt32();
        return low | ((ulong)NextUInt32() << 32);
    }

    /// <summary>A uniform double in [0, 1) on a grid of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>An unbiased integer in 0 … <paramref name="bound"/> − 1: a multiply and a shift, redrawn where the shift would favour some values.</summary>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var range = (uint)bound;
        var product = (ulong)NextUInt32() * range;
        var low = (uint)product;
        if (low < range)
        {
            var threshold = (0u - range) % range; // 2^32 mod range
            while (low < threshold)
            {
                product = (ulong)NextUInt32() * range;
                low = (uint)product;
            }
        }

        return (int)(product >> 32);
    }

    /// <summary>An index drawn with the given non-negative weights, which need not sum to 1.</summary>
    /// <exception cref="ArgumentException">A weight is negative or not finite, or all are 0.</exception>
    public int NextIndex(ReadOnlySpan<double> weights)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            if (!(weight >= 0) || double.IsInfinity(weight))
            {
                throw new ArgumentException($"A weight is {weight}; weights are finite and not negative.", nameof(weights));
            }

            total += weight;
        }

        if (!(total > 0))
        {
            throw new ArgumentException("All weights are 0.", nameof(weights));
        }

        var left = NextDouble() * total;
        var last = -1;
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] > 0)
            {
                last = i;
                left -= weights[i];
                if (left < 0)
                {
                    return i;
                }
            }
        }

        return last; // rounding left a remainder
    }
}
