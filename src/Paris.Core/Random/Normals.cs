using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Paris.Core.Random;

/// <summary>
/// The Box–Muller transform of eight pairs of words. Only single IEEE operations in a fixed order, never fused: every lane equals what
/// the same operations give one at a time, on any CPU.
/// </summary>
internal static class Normals
{
    private const int SqrtHalfBits = 0x3F3504F3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> Cosine, Vector256<float> Sine) FromWords(Vector256<uint> radius, Vector256<uint> angle)
    {
        // u = (⌊w/2⌋ + ½)·2^-31 in (0, 1]
        var u = (Vector256.ConvertToSingle((radius >>> 1).AsInt32()) + Vector256.Create(0.5f)) * Vector256.Create(1f / (1L << 31));
        var r = Vector256.Sqrt(Vector256.Create(-2f) * Log(u));

        // The top two bits are the quadrant, the other thirty the angle φ in [−π/4, π/4) within it.
        var phi = Vector256.ConvertToSingle((angle & Vector256.Create(0x3FFFFFFFu)).AsInt32() - Vector256.Create(1 << 29))
            * Vector256.Create((float)(Math.PI / 2) / (1 << 30));
        var quadrant = angle >>> 30;
        var (sin, cos) = SinCos(phi);

        // Quadrants 0…3: (c, s), (−s, c), (−c, −s), (s, −c).
        var odd = Vector256.Equals(quadrant & Vector256.Create(1u), Vector256.Create(1u)).AsSingle();
        var x = Vector256.ConditionalSelect(odd, sin, cos);
        var y = Vector256.ConditionalSelect(odd, cos, sin);
        var signX = (((quadrant + Vector256.Create(1u)) & Vector256.Create(2u)) << 30).AsSingle();
        var signY = ((quadrant & Vector256.Create(2u)) << 30).AsSingle();
        return (r * (x ^ signX), r * (y ^ signY));
    }

    /// <summary>ln u for u in (0, 1]: u = m·2^e with m in [√½, √2), ln m = 2·atanh((m − 1)/(m + 1)) by its series.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Log(Vector256<float> u)
    {
        var bits = u.AsInt32();
        var exponent = (bits - Vector256.Create(SqrtHalfBits)) >> 23;
        var m = (bits - (exponent << 23)).AsSingle();
        var s = (m - Vector256<float>.One) / (m + Vector256<float>.One);
        var s2 = s * s;
        var series = Vector256.Create(2f / 9);
        series = (series * s2) + Vector256.Create(2f / 7);
        series = (series * s2) + Vector256.Create(2f / 5);
        series = (series * s2) + Vector256.Create(2f / 3);
        series = (series * s2) + Vector256.Create(2f);
        return (Vector256.ConvertToSingle(exponent) * Vector256.Create(0.69314718f)) + (series * s);
    }

    /// <summary>Sine and cosine for |φ| ≤ π/4 by their series.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Sin, Vector256<float> Cos) SinCos(Vector256<float> phi)
    {
        var p2 = phi * phi;
        var sin = Vector256.Create(1f / 362880);
        sin = (sin * p2) - Vector256.Create(1f / 5040);
        sin = (sin * p2) + Vector256.Create(1f / 120);
        sin = (sin * p2) - Vector256.Create(1f / 6);
        sin = (sin * p2) + Vector256<float>.One;
        var cos = Vector256.Create(-1f / 3628800);
        cos = (cos * p2) + Vector256.Create(1f / 40320);
        cos = (cos * p2) - Vector256.Create(1f / 720);
        cos = (cos * p2) + Vector256.Create(1f / 24);
        cos = (cos * p2) - Vector256.Create(0.5f);
        cos = (cos * p2) + Vector256<float>.One;
        return (sin * phi, cos);
    }
}
