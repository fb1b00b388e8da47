using System.Numerics.Tensors;

namespace Paris.Training.Diffusion;

/// <summary>
/// Flow matching on the linear path (Paris, section "Objective"): x_t = (1−t)·x₀ + t·ε, and the model learns the velocity v = ε − x₀ by
/// the mean squared error. t = 0 is data, t = 1 is noise. Checked against fixtures/training-golden.
/// </summary>
public static class FlowMatching
{
    /// <summary>What the models take as time for t in [0, 1]: 1000·t, not rounded.</summary>
    public const float TimeScale = 1000;

    /// <summary>x_t and v of one sample.</summary>
    /// <param name="x0">Data [n].</param>
    /// <param name="noise">ε [n]; becomes v in place.</param>
    /// <param name="t">In [0, 1].</param>
    /// <param name="xt">[n]; receives x_t.</param>
    public static void Interpolate(ReadOnlySpan<float> x0, Span<float> noise, float t, Span<float> xt)
    {
        TensorPrimitives.Multiply(noise, t, xt);
        TensorPrimitives.MultiplyAdd(x0, 1 - t, xt, xt);
        TensorPrimitives.Subtract(noise, x0, noise);
    }
}
