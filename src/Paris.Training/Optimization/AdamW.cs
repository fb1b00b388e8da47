using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Training.Optimization;

/// <summary>
/// AdamW over flat buffers. On the CPU the whole update (scaling by the clip factor, decay, moments, step, average, clearing the
/// gradient) is one vectorised pass over memory; elsewhere it is a handful of tensor operations, whatever the number of parameters.
/// Checked against fixtures/optim on both paths.
/// </summary>
public sealed class AdamW(FlatParameters parameters, AdamWSettings settings, bool? fused = null)
{
    private readonly bool _fused = fused ?? parameters.OnCpu;

    /// <summary>Updates made so far; the next one uses this number plus one in the bias correction.</summary>
    public long Step { get; set; }

    /// <summary>The global norm of the gradient; not finite when any element is not.</summary>
    public double GradientNorm()
    {
        var sum = 0.0;
        if (_fused)
        {
            foreach (var segment in parameters.Segments)
            {
                sum += FusedUpdate.SumOfSquares(FlatParameters.Span(segment.Gradients));
            }

            return Math.Sqrt(sum);
        }

        using var noGradient = no_grad();
        foreach (var segment in parameters.Segments)
        {
            using var norm = segment.Gradients.norm();
            var value = norm.ToDouble();
            sum += value * value;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>One update from the accumulated gradients, which are zero afterwards.</summary>
    /// <param name="norm">What <see cref="GradientNorm"/> returned.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="averageDecay">d in ema ← d·ema + (1−d)·w.</param>
    public void Update(double norm, double learningRate, double averageDecay)
    {
        Step++;
        var update = new FusedUpdate.Coefficients(settings, Step, learningRate, averageDecay, ClipScale(norm));
        if (_fused)
        {
            foreach (var segment in parameters.Segments)
            {
                FusedUpdate.Apply(
                    FlatParameters.Span(segment.Weights),
                    FlatParameters.Span(segment.Gradients),
                    FlatParameters.Span(segment.FirstMoment),
                    FlatParameters.Span(segment.SecondMoment),
                    segment.Average is null ? default : FlatParameters.Span(segment.Average),
                    update);
            }

            return;
        }

        using var noGradient = no_grad();
        foreach (var segment in parameters.Segments)
        {
            Apply(segment, update);
        }
    }

    /// <summary>Drops the accumulated gradients.</summary>
    public void ZeroGradients()
    {
        using var noGradient = no_grad();
        foreach (var segment in parameters.Segments)
        {
            segment.Gradients.fill_(0);
        }
    }

    /// <summary>min(1, clip / (norm + 1e-6)), as PyTorch's clip_grad_norm_.</summary>
    private double ClipScale(double norm) => settings.Clip > 0 ? Math.Min(1, settings.Clip / (norm + 1e-6)) : 1;

    private static void Apply(FlatSegment segment, FusedUpdate.Coefficients c)
    {
        using var scope = NewDisposeScope();
        var (w, g, m, v) = (segment.Weights, segment.Gradients, segment.FirstMoment, segment.SecondMoment);
        if (c.Scale != 1)
        {
            g.mul_(c.Scale);
        }

        if (c.Keep != 1)
        {
            w.mul_(c.Keep);
        }

        m.mul_(c.Beta1).add_(g, alpha: 1 - c.Beta1);
        v.mul_(c.Beta2).addcmul_(g, g, 1 - c.Beta2);
        w.addcdiv_(m, v.sqrt().mul_(c.RootCorrection).add_(c.Epsilon), -c.StepSize);
        segment.Average?.mul_(c.AverageDecay).add_(w, alpha: 1 - c.AverageDecay);
        g.fill_(0);
    }
}
