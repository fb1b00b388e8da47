using Paris.Core;
using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Training.Sampling;

/// <summary>An expert as the sampler calls it: x [n, C, H, W], t [n] on the 0..1000 scale, condition [n, …] or null; returns v [n, C, H, W].</summary>
public delegate Tensor VelocityModel(Tensor x, Tensor t, Tensor? condition);

/// <summary>The router as the sampler calls it: x [n, C, H, W], t [n] on the 0..1000 scale, pooled text [n, P] or null; returns logits [n, K].</summary>
public delegate Tensor RouterModel(Tensor x, Tensor t, Tensor? text);

/// <summary>
/// Euler integration of the routed velocity Σ_k w_k v_k from noise to data. The router is asked once a step, never with the null condition;
/// its decision serves both branches of the guidance, which happens inside each expert: v = v_u + s (v_c − v_u).
/// Images are grouped by expert, so a step costs one pass an expert over the images that chose it.
/// </summary>
/// <param name="experts">[K].</param>
/// <param name="router">Null where no strategy asks it.</param>
/// <param name="order">In which order a step asks the experts it needs; null: by their place. The result does not depend on it.</param>
/// <param name="group">Most images an expert is given at once, both branches of the guidance counted.</param>
public sealed class EnsembleSampler(
    IReadOnlyList<VelocityModel> experts, RouterModel? router, Func<IEnumerable<int>, IReadOnlyList<int>>? order = null, int group = int.MaxValue)
{
    /// <summary>K.</summary>
    public int Experts => experts.Count;

    /// <summary>Draws images.</summary>
    /// <param name="noise">x_T [N, C, H, W]; stays untouched.</param>
    /// <param name="times">N + 1 times from <see cref="TimeGrid"/>.</param>
    /// <param name="strategy">How the experts are mixed.</param>
    /// <param name="clusters">[N] the images' clusters, where the strategy needs them.</param>
    /// <param name="uniform">(image, step, draw) → uniform in [0, 1), for strategies that draw.</param>
    /// <param name="guidance">Condition, null condition and scale; null samples without a condition.</param>
    /// <param name="afterStep">Called after every step with its index and x; for progress and paths.</param>
    /// <param name="time">The clock of the seconds reported.</param>
    /// <param name="routerText">[N, P] pooled text for a router that reads it; null for others.</param>
    /// <returns>Final x [N, C, H, W] (the caller disposes it) and what it took.</returns>
    /// <exception cref="ParisInputException">The strategy needs a router or clusters that are not there.</exception>
    public SamplingOutcome Sample(
        Tensor noise,
        float[] times,
        RoutingStrategy strategy,
        int[]? clusters,
        Func<int, int, int, double> uniform,
        Guidance? guidance = null,
        Action<int, Tensor>? afterStep = null,
        TimeProvider? time = null,
        Tensor? routerText = null)
    {
        time ??= TimeProvider.System;
        var count = (int)noise.shape[0];
        var steps = times.Length - 1;
        if (strategy.NeedsCluster && clusters?.Length != count)
        {
            throw new ParisInputException($"strategy '{strategy.Name}' needs one cluster an image: {count}, not {clusters?.Length ?? 0}.");
        }

        if (router is null && times.Take(steps).Any(strategy.NeedsRouter))
        {
            throw new ParisInputException($"strategy '{strategy.Name}' needs a router, and there is none; use cluster-first or oracle.");
        }

        var weights = new float[count * steps * Experts]; // [N, steps, K]
        long expertCalls = 0;
        double routerSeconds = 0;
        using var noGrad = no_grad();
        var x = noise.clone().DetachFromDisposeScope();
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var t = times[step];
            var probabilities = ReadOnlySpan<float>.Empty;
            if (strategy.NeedsRouter(t))
            {
                var started = time.GetTimestamp();
                var logits = router!(x, full(count, 1000f * t), routerText); // [N, K]
                probabilities = nn.functional.softmax(logits, 1).data<float>().ToArray();
                routerSeconds += time.GetElapsedTime(started).TotalSeconds;
            }

            for (var image = 0; image < count; image++)
            {
                var at = ((image * steps) + step) * Experts;
                strategy.Route(
                    t,
                    probabilities.IsEmpty ? default : probabilities.Slice(image * Experts, Experts),
                    clusters is null ? -1 : clusters[image],
                    draw => uniform(image, step, draw),
                    weights.AsSpan(at, Experts));
            }

            // Added up by their place, whatever the order they are asked in.
            var parts = new (Tensor Index, Tensor Velocity)?[Experts];
            var wanted = Enumerable.Range(0, Experts).Where(k => Chose(weights, k, step, steps, count));
            foreach (var k in order?.Invoke(wanted) ?? [.. wanted])
            {
                parts[k] = Ask(k, x, t, step, steps, weights, guidance);
                expertCalls += parts[k]!.Value.Index.shape[0];
            }

            var velocity = zeros_like(x);
            foreach (var part in parts)
            {
                if (part is { } given)
                {
                    velocity.index_add_(0, given.Index, given.Velocity, 1);
                }
            }

            x.add_(velocity, times[step + 1] - t);
            afterStep?.Invoke(step, x);
        }

        return new SamplingOutcome(x, weights, expertCalls, routerSeconds);
    }

    private static Tensor full(int count, float value) => torch.full([count], value, dtype: ScalarType.Float32);

    private bool Chose(float[] weights, int k, int step, int steps, int count)
        => Enumerable.Range(0, count).Any(image => weights[(((image * steps) + step) * Experts) + k] > 0);

    /// <summary>The images that chose expert k [n], and w_k v_k of them [n, C, H, W].</summary>
    private (Tensor Index, Tensor Velocity) Ask(int k, Tensor x, float t, int step, int steps, float[] weights, Guidance? guidance)
    {
        var count = (int)x.shape[0];
        var images = new List<long>(count);
        var shares = new List<float>(count);
        for (var image = 0; image < count; image++)
        {
            var weight = weights[(((image * steps) + step) * Experts) + k];
            if (weight > 0)
            {
                images.Add(image);
                shares.Add(weight);
            }
        }

        using var scope = NewDisposeScope();
        var both = guidance is { Scale: not 1 };
        var most = Math.Max(1, both ? group / 2 : group);
        var parts = new List<Tensor>();
        for (var first = 0; first < images.Count; first += most)
        {
            var n = Math.Min(most, images.Count - first);
            var index = tensor([.. images.Skip(first).Take(n)], dtype: ScalarType.Int64); // [n]
            var column = tensor([.. shares.Skip(first).Take(n)], dtype: ScalarType.Float32).view(n, 1, 1, 1);
            var chosen = n == count ? x : x.index_select(0, index); // [n, C, H, W]
            parts.Add((Velocity(k, chosen, t, index, guidance) * column).MoveToOuterDisposeScope());
        }

        var all = parts.Count == 1 ? parts[0] : cat(parts, 0);
        return (tensor(images.ToArray(), dtype: ScalarType.Int64).MoveToOuterDisposeScope(), all.MoveToOuterDisposeScope());
    }

    /// <summary>v_k of some images [n, C, H, W] under the guidance.</summary>
    private Tensor Velocity(int k, Tensor chosen, float t, Tensor index, Guidance? guidance)
    {
        using var scope = NewDisposeScope();
        var n = (int)chosen.shape[0];
        if (guidance is null)
        {
            return experts[k](chosen, full(n, 1000f * t), null).MoveToOuterDisposeScope();
        }

        var condition = guidance.Condition.index_select(0, index);
        if (guidance.Scale == 1)
        {
            return experts[k](chosen, full(n, 1000f * t), condition).MoveToOuterDisposeScope();
        }

        // Both branches in one pass.
        var both = experts[k](cat([chosen, chosen]), full(2 * n, 1000f * t), cat([condition, guidance.NullCondition.index_select(0, index)]));
        var vNull = both.narrow(0, n, n);
        return (vNull + ((both.narrow(0, 0, n) - vNull) * guidance.Scale)).MoveToOuterDisposeScope();
    }
}
