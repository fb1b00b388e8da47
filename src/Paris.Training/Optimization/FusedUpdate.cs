using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Paris.Training.Optimization;

/// <summary>
/// The optimiser's passes over host memory. Always 16 lanes and no fused multiply-add, so that the result does not depend on the
/// vector width of the machine.
/// </summary>
public static class FusedUpdate
{
    private const int Lanes = 16;

    /// <summary>Elements summed in float32 before the sum goes on in float64.</summary>
    private const int Block = 4096;

    /// <summary>The scalars of one update.</summary>
    public readonly struct Coefficients
    {
        public Coefficients(AdamWSettings settings, long step, double learningRate, double averageDecay, double scale)
        {
            Scale = scale;
            Beta1 = settings.Beta1;
            Beta2 = settings.Beta2;
            Epsilon = settings.Epsilon;
            Keep = 1 - learningRate * settings.WeightDecay;
            StepSize = learningRate / (1 - Math.Pow(settings.Beta1, step));
            RootCorrection = 1 / Math.Sqrt(1 - Math.Pow(settings.Beta2, step));
            AverageDecay = averageDecay;
        }

        /// <summary>The clip factor.</summary>
        public double Scale { get; }

        public double Beta1 { get; }

        public double Beta2 { get; }

        public double Epsilon { get; }

        /// <summary>1 − lr·wd.</summary>
        public double Keep { get; }

        /// <summary>lr / (1 − β₁ᵗ).</summary>
        public double StepSize { get; }

        /// <summary>1 / √(1 − β₂ᵗ).</summary>
        public double RootCorrection { get; }

        public double AverageDecay { get; }
    }

    /// <summary>Σ g², in float32 lanes by blocks and float64 over blocks.</summary>
    public static double SumOfSquares(ReadOnlySpan<float> values)
    {
        ref var origin = ref MemoryMarshal.GetReference(values);
        var total = 0.0;
        var i = 0;
        while (values.Length - i >= Lanes)
        {
            var end = Math.Min(i + Block, values.Length - (values.Length - i) % Lanes);
            var sum0 = Vector512<float>.Zero;
            var sum1 = Vector512<float>.Zero;
            for (; end - i >= 2 * Lanes; i += 2 * Lanes)
            {
                var a = Vector512.LoadUnsafe(ref origin, (nuint)i);
                var b = Vector512.LoadUnsafe(ref origin, (nuint)(i + Lanes));
                sum0 += a * a;
                sum1 += b * b;
            }

            for (; end - i >= Lanes; i += Lanes)
            {
                var a = Vector512.LoadUnsafe(ref origin, (nuint)i);
                sum0 += a * a;
            }

            var (low, high) = Vector512.Widen(sum0 + sum1);
            total += Vector512.Sum(low) + Vector512.Sum(high);
        }

        for (; i < values.Length; i++)
        {
            total += (double)values[i] * values[i];
        }

        return total;
    }

    /// <summary>
    /// g ← s·g; w ← (1−lr·wd)·w; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; w ← w − lr/c₁ · m / (√v/√c₂ + ε);
    /// ema ← d·ema + (1−d)·w; g ← 0.
    /// </summary>
    /// <param name="w">Weights.</param>
    /// <param name="g">Gradients; zero afterwards.</param>
    /// <param name="m">First moment.</param>
    /// <param name="v">Second moment.</param>
    /// <param name="ema">Average; empty when none is kept.</param>
    /// <param name="c">The scalars of this update.</param>
    public static void Apply(Span<float> w, Span<float> g, Span<float> m, Span<float> v, Span<float> ema, in Coefficients c)
    {
        if (g.Length != w.Length || m.Length != w.Length || v.Length != w.Length || (ema.Length != w.Length && ema.Length != 0))
        {
            throw new ArgumentException("The flat buffers differ in length.");
        }

        ref var pw = ref MemoryMarshal.GetReference(w);
        ref var pg = ref MemoryMarshal.GetReference(g);
        ref var pm = ref MemoryMarshal.GetReference(m);
        ref var pv = ref MemoryMarshal.GetReference(v);
        ref var pe = ref MemoryMarshal.GetReference(ema);
        var average = ema.Length != 0;

        var (scale, keep, step) = ((float)c.Scale, (float)c.Keep, (float)c.StepSize);
        var (beta1, rest1) = ((float)c.Beta1, (float)(1 - c.Beta1));
        var (beta2, rest2) = ((float)c.Beta2, (float)(1 - c.Beta2));
        var (root, epsilon) = ((float)c.RootCorrection, (float)c.Epsilon);
        var (decay, rest) = ((float)c.AverageDecay, (float)(1 - c.AverageDecay));

        var vScale = Vector512.Create(scale);
        var vKeep = Vector512.Create(keep);
        var vStep = Vector512.Create(step);
        var vBeta1 = Vector512.Create(beta1);
        var vRest1 = Vector512.Create(rest1);
        var vBeta2 = Vector512.Create(beta2);
        var vRest2 = Vector512.Create(rest2);
        var vRoot = Vector512.Create(root);
        var vEpsilon = Vector512.Create(epsilon);
        var vDecay = Vector512.Create(decay);
        var vRest = Vector512.Create(rest);

        nuint i = 0;
        var vectors = (nuint)(w.Length - w.Length % Lanes);
        for (; i < vectors; i += Lanes)
        {
            var gradient = Vector512.LoadUnsafe(ref pg, i) * vScale;
            var first = Vector512.LoadUnsafe(ref pm, i) * vBeta1 + gradient * vRest1;
            var second = Vector512.LoadUnsafe(ref pv, i) * vBeta2 + gradient * gradient * vRest2;
            var weight = Vector512.LoadUnsafe(ref pw, i) * vKeep - vStep * first / (Vector512.Sqrt(second) * vRoot + vEpsilon);
            first.StoreUnsafe(ref pm, i);
            second.StoreUnsafe(ref pv, i);
            weight.StoreUnsafe(ref pw, i);
            Vector512<float>.Zero.StoreUnsafe(ref pg, i);
            if (average)
            {
                (Vector512.LoadUnsafe(ref pe, i) * vDecay + weight * vRest).StoreUnsafe(ref pe, i);
            }
        }

        for (var j = (int)i; j < w.Length; j++)
        {
            var gradient = g[j] * scale;
            m[j] = m[j] * beta1 + gradient * rest1;
            v[j] = v[j] * beta2 + gradient * gradient * rest2;
            w[j] = w[j] * keep - step * m[j] / (MathF.Sqrt(v[j]) * root + epsilon);
            g[j] = 0;
            if (average)
            {
                ema[j] = ema[j] * decay + w[j] * rest;
            }
        }
    }
}
