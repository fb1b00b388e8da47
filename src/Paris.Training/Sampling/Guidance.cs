using static TorchSharp.torch;

namespace Paris.Training.Sampling;

/// <summary>Classifier-free guidance: per image a condition and the null condition [N, …], and the scale s (1 uses the condition alone).</summary>
public sealed record Guidance(Tensor Condition, Tensor NullCondition, float Scale);
