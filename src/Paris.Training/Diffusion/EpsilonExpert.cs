using Paris.Training.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Training.Diffusion;

/// <summary>
/// An expert that predicts noise on the cosine schedule, used on the linear path beside velocity experts (HetDDM). At a time t of the
/// path, x_t/s with s = √((1−t)² + t²) is what the schedule has at α = (1−t)/s; the noise is the same on both. Then
/// x̂₀ = (x_t − t·ε)/max(1−t, 0.01), clamped, and v = ε − x̂₀. HetDDM's velocity scaling above t = 0.85 has no published formula and is
/// not done.
/// </summary>
public static class EpsilonExpert
{
    /// <summary>Smallest 1 − t that is divided by.</summary>
    private const double SmallestAlpha = 0.01;

    /// <summary>Largest magnitude of x̂₀.</summary>
    private static readonly Scalar _bound = 20f;
    private static readonly Scalar _negativeBound = -20f;

    /// <summary>What x_t is divided by, and the step of the schedule that the expert is asked at.</summary>
    public static (double Scale, int Step) At(double t)
    {
        var scale = Math.Sqrt(((1 - t) * (1 - t)) + (t * t));
        return (scale, CosineSchedule.StepOf(CosineSchedule.TimeOfAlpha((1 - t) / scale)));
    }

    /// <summary>The velocity that the predicted noise means. x_t and ε [n, C, H, W]; t in [0, 1], one for all.</summary>
    public static Tensor Velocity(Tensor xt, Tensor epsilon, double t)
    {
        using var scope = NewDisposeScope();
        var data = ((xt - (epsilon * t)) / Math.Max(1 - t, SmallestAlpha)).clamp(_negativeBound, _bound);
        return (epsilon - data).MoveToOuterDisposeScope();
    }

    /// <summary>The expert as the sampler calls it. Its own time input is the step of the schedule, 0 … 999.</summary>
    /// <param name="noiseModel">x [n, C, H, W], step [n], condition; returns ε.</param>
    public static VelocityModel AsVelocity(VelocityModel noiseModel) => (x, time, condition) =>
    {
        using var scope = NewDisposeScope();
        var t = time.select(0, 0).item<float>() / FlowMatching.TimeScale; // the sampler asks for one time a call
        var (scale, step) = At(t);
        var epsilon = noiseModel(x / scale, time.full_like((float)step), condition);
        return Velocity(x, epsilon, t).MoveToOuterDisposeScope();
    };
}
