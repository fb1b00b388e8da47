namespace Paris.Training.Trainers;

/// <summary>
/// Tells a loss that belongs to a broken step: not finite, or above the median of the last losses by more than
/// <see cref="Factor"/> median absolute deviations (and by at least half the median, so that a flat curve is no alarm).
/// Its window is part of every checkpoint: a resumed training judges as the uninterrupted one.
/// </summary>
public sealed class LossGuard
{
    /// <summary>Losses remembered.</summary>
    public const int Window = 128;

    /// <summary>Losses needed before a spike can be told.</summary>
    public const int Warmup = 32;

    /// <summary>k in k·MAD.</summary>
    public const double Factor = 20;

    private readonly Queue<double> _losses = new(Window);
    private readonly double[] _sorted = new double[Window];

    /// <summary>The remembered losses, oldest first.</summary>
    public IReadOnlyList<double> Losses => [.. _losses];

    /// <summary>Goes on with the losses of a checkpoint.</summary>
    public void Restore(IEnumerable<double> losses)
    {
        _losses.Clear();
        foreach (var loss in losses)
        {
            _losses.Enqueue(loss);
        }
    }

    /// <summary>Why this step must not count, or null when it is fine.</summary>
    public string? Reject(double loss, double gradientNorm)
    {
        if (!double.IsFinite(loss) || !double.IsFinite(gradientNorm))
        {
            return $"loss {loss} with gradient norm {gradientNorm} is not finite";
        }

        if (_losses.Count < Warmup)
        {
            return null;
        }

        var n = _losses.Count;
        _losses.CopyTo(_sorted, 0);
        var values = _sorted.AsSpan(0, n);
        values.Sort();
        var median = values[n / 2];
        for (var i = 0; i < n; i++)
        {
            values[i] = Math.Abs(values[i] - median);
        }

        values.Sort();
        var limit = median + Math.Max(Factor * values[n / 2], Math.Abs(median) / 2);
        return loss > limit ? $"loss {loss:G6} is above {limit:G6} (median {median:G6} of the last {n} steps)" : null;
    }

    /// <summary>Remembers the loss of a step that counted.</summary>
    public void Accept(double loss)
    {
        if (_losses.Count == Window)
        {
            _losses.Dequeue();
        }

        _losses.Enqueue(loss);
    }
}
