using System.Runtime.CompilerServices;

namespace Paris.Core.Random;

/// <summary>
/// Philox4x32-10: a bijection of 128-bit counters under a 64-bit key (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy
/// as 1, 2, 3", SC 2011). Equal inputs give equal words on every machine; there is no state.
/// </summary>
public static class Philox
{
    private const uint M0 = 0xD2511F53;
    private const uint M1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9; // golden ratio
    private const uint Weyl1 = 0xBB67AE85; // sqrt(3) - 1
    private const int Rounds = 10;

    /// <summary>The four words of one counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PhiloxBlock Block(PhiloxBlock counter, uint key0, uint key1)
    {
        var (c0, c1, c2, c3) = counter;
        for (var round = 0; round < Rounds; round++)
        {
            var p0 = (ulong)M0 * c0;
            var p1 = (ulong)M1 * c2;
            c0 = (uint)(p1 >> 32) ^ c1 ^ key0;
            c2 = (uint)(p0 >> 32) ^ c3 ^ key1;
            c1 = (uint)p1;
            c3 = (uint)p0;
            key0 += Weyl0;
            key1 += Weyl1;
        }

        return new PhiloxBlock(c0, c1, c2, c3);
    }
}

/// <summary>Four 32-bit words: a counter of <see cref="Philox"/> or its output.</summary>
public readonly record struct PhiloxBlock(uint W0, uint W1, uint W2, uint W3);
