using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Training.Optimization;

/// <summary>The learning rate and the decay of the average as pure functions of the step, so that a resume needs no state of theirs.</summary>
public static class Schedule
{
    /// <summary>
    /// The rate of step <paramref name="step"/> (from 0): rises linearly over the warm-up, then stays, falls linearly to 0, or follows
    /// half a cosine to 0.
    /// </summary>
    /// <exception cref="ParisInputException">The schedule is unknown.</exception>
    public static double LearningRate(OptimizationSpec spec, long step)
    {
        var warmup = Math.Floor(spec.Warmup * spec.Steps);
        if (step < warmup)
        {
            return spec.LearningRate * (step + 1) / warmup;
        }

        var progress = (step - warmup) / Math.Max(1, spec.Steps - warmup);
        return spec.LearningRate * spec.Schedule switch
        {
            "constant" => 1,
            "linear" => Math.Max(0, 1 - progress),
            "cosine" => 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, progress))),
            _ => throw new ParisInputException($"Unknown schedule '{spec.Schedule}'; use constant, linear or cosine."),
        };
    }

    /// <summary>min(d, (1+n)/(10+n)) at update n (from 0): short runs forget their start.</summary>
    public static double AverageDecay(double decay, long update) => Math.Min(decay, (1.0 + update) / (10.0 + update));
}
