using System.Numerics.Tensors;

namespace Paris.Training.Diffusion;

/// <summary>The cosine schedule of DDPM in continuous time τ in [0, 1]: x = α·x₀ + σ·ε with α² + σ² = 1.</summary>
public static class CosineSchedule
{
    /// <summary>Steps of the discrete schedule; step i stands for τ = (i + 1)/1000.</summary>
    public const int Steps = 1000;

    private const double Offset = 0.008;
    private static readonly double _start = Math.Cos(Math.PI / 2 * Offset / (1 + Offset));

    /// <summary>α at τ; falls from 1 to 0.</summary>
    public static double Alpha(double tau) => Math.Cos(Math.PI / 2 * (tau + Offset) / (1 + Offset)) / _start;

    /// <summary>σ at τ; rises from 0 to 1.</summary>
    public static double Sigma(double tau) => Math.Sqrt(Math.Max(1 - (Alpha(tau) * Alpha(tau)), 0));

    /// <summary>The τ at which α has this value, 0 … 1.</summary>
    public static double TimeOfAlpha(double alpha) => ((1 + Offset) * 2 / Math.PI * Math.Acos(Math.Clamp(alpha * _start, -1, 1))) - Offset;

    /// <summary>The step nearest to τ.</summary>
    public static int StepOf(double tau) => Math.Clamp((int)Math.Round(Steps * tau) - 1, 0, Steps - 1);

    /// <summary>x = α·x₀ + σ·ε at a step, of one sample: x₀ [n], ε [n], x [n].</summary>
    public static void Noise(ReadOnlySpan<float> x0, ReadOnlySpan<float> epsilon, int step, Span<float> x)
    {
        var tau = (step + 1.0) / Steps;
        TensorPrimitives.Multiply(epsilon, (float)Sigma(tau), x);
        TensorPrimitives.MultiplyAdd(x0, (float)Alpha(tau), x, x);
    }
}
