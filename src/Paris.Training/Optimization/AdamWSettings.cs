using Paris.Core.Specs;

namespace Paris.Training.Optimization;

/// <summary>AdamW with decoupled decay (Loshchilov and Hutter 2019), clipping by the global norm, and an average of the weights.</summary>
public sealed record AdamWSettings
{
    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    public double WeightDecay { get; init; }

    /// <summary>Largest global norm of the gradient; 0 does not clip.</summary>
    public double Clip { get; init; } = 1;

    public static AdamWSettings From(OptimizationSpec spec) => new()
    {
        Beta1 = spec.Beta1,
        Beta2 = spec.Beta2,
        WeightDecay = spec.WeightDecay,
        Clip = spec.Clip,
    };
}
