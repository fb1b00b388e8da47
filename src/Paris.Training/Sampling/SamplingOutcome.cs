using static TorchSharp.torch;

namespace Paris.Training.Sampling;

/// <summary>What a sampling run left.</summary>
/// <param name="X">[N, C, H, W] at t = 0.</param>
/// <param name="Weights">[N, steps, K] the mixing weights: the routing trace.</param>
/// <param name="ExpertCalls">Image-steps that ran through an expert, summed over the experts.</param>
/// <param name="RouterSeconds">Seconds spent in the router.</param>
public sealed record SamplingOutcome(Tensor X, float[] Weights, long ExpertCalls, double RouterSeconds) : IDisposable
{
    public void Dispose() => X.Dispose();
}
