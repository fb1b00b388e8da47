using Paris.Core;

namespace Paris.Training.Sampling;

/// <summary>The times an Euler sampler visits, from noise (1) to data (0).</summary>
public static class TimeGrid
{
    /// <summary>The names <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["uniform", "flowmatch-euler"];

    /// <summary>N + 1 times, the last one 0.</summary>
    /// <param name="name">
    /// <c>uniform</c>: t_i = 1 − i/N. <c>flowmatch-euler</c>: N values equally spaced from 1 to 1/1000, then 0 (fixture
    /// paris-tiny/sample; the scheduler the published weights are sampled with).
    /// </param>
    /// <param name="steps">N, at least 1.</param>
    /// <exception cref="ParisInputException">Unknown name or no steps.</exception>
    public static float[] Create(string name, int steps)
    {
        if (steps < 1)
        {
            throw new ParisInputException($"sampling needs at least 1 step, not {steps}.");
        }

        var times = new float[steps + 1];
        switch (name)
        {
            case "uniform":
                for (var i = 0; i < steps; i++)
                {
                    times[i] = (float)(1.0 - ((double)i / steps));
                }

                return times;
            case "flowmatch-euler":
                // The lower end is float32(1/1000); spacing and times are computed in double.
                double last = 1f / 1000f;
                var spacing = steps == 1 ? 0 : (last - 1.0) / (steps - 1);
                for (var i = 0; i < steps; i++)
                {
                    times[i] = (float)(1.0 + (i * spacing));
                }

                return times;
            default:
                throw new ParisInputException($"unknown time grid '{name}'; use one of {string.Join(", ", Names)}.");
        }
    }
}
