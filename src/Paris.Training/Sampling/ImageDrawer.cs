using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Specs;
using Paris.Training.Jobs;
using Paris.Training.Text;
using static TorchSharp.torch;

namespace Paris.Training.Sampling;

/// <summary>What <see cref="ImageDrawer"/> drew.</summary>
/// <param name="Pictures">[N, C, H, W] values −1 … 1.</param>
/// <param name="Shape">[C, H, W].</param>
/// <param name="Weights">[N, steps, K] the routing trace.</param>
/// <param name="Numbers">[K] the experts' numbers.</param>
/// <param name="ExpertsPerStep">Mean expert passes an image and step.</param>
/// <param name="Seconds">Seconds of sampling, decoding and router included.</param>
/// <param name="RouterSeconds">Seconds of the router in them.</param>
/// <param name="Times">The steps' times from noise to data, and 0.</param>
/// <param name="Guidance">The guidance scale.</param>
/// <param name="Prompts">[N] the images' prompts; null without text.</param>
public sealed record DrawnImages(
    float[] Pictures,
    int[] Shape,
    float[] Weights,
    IReadOnlyList<int> Numbers,
    double ExpertsPerStep,
    double Seconds,
    double RouterSeconds,
    IReadOnlyList<float> Times,
    double Guidance,
    IReadOnlyList<string>? Prompts = null)
{
    public int Count => Pictures.Length / (Shape[0] * Shape[1] * Shape[2]);

    /// <summary>K.</summary>
    public int Experts => Numbers.Count;

    /// <summary>Picture i.</summary>
    public ReadOnlySpan<float> Picture(int i) => Pictures.AsSpan(i * Shape[0] * Shape[1] * Shape[2], Shape[0] * Shape[1] * Shape[2]);

    /// <summary>[K] the weights of an image at a step.</summary>
    public ReadOnlySpan<float> WeightsOf(int image, int step) => Weights.AsSpan(((image * (Times.Count - 1)) + step) * Experts, Experts);

    /// <summary>[K] mean weight of each expert over images and steps.</summary>
    public double[] MeanWeights()
    {
        var means = new double[Experts];
        for (var i = 0; i < Weights.Length; i++)
        {
            means[i % Experts] += Weights[i];
        }

        return [.. means.Select(m => m * Experts / Weights.Length)];
    }

    /// <summary>[K] share of images by the expert with the largest weight at the last step.</summary>
    public double[] ClusterShares()
    {
        var shares = new double[Experts];
        var perImage = Weights.Length / Count;
        for (var i = 0; i < Count; i++)
        {
            var last = Weights.AsSpan(((i + 1) * perImage) - Experts, Experts);
            var best = 0;
            for (var k = 1; k < Experts; k++)
            {
                best = last[k] > last[best] ? k : best;
            }

            shares[best] += 1.0 / Count;
        }

        return shares;
    }
}

/// <summary>Draws images from an ensemble by one strategy, in batches, with progress; every number is a function of the seed.</summary>
public sealed class ImageDrawer(JobContext context, Ensemble ensemble)
{
    /// <summary>Images a batch: large enough that every chosen expert gets a fair group, small enough for the cache.</summary>
    private const int Batch = 128;

    /// <summary>Draws <paramref name="count"/> images.</summary>
    /// <param name="strategyName">A strategy, <c>twin</c>, or <c>expert-3</c>.</param>
    /// <param name="count">Images.</param>
    /// <param name="seed">Seed of noise and draws.</param>
    /// <param name="steps">Euler steps; null takes the spec's.</param>
    /// <param name="guidance">Guidance scale; null takes the spec's. Without a condition only 1 is possible. With classes, image i is asked for class i mod C.</param>
    /// <param name="trueCluster">The cluster of image i, for <c>oracle</c>.</param>
    /// <param name="prompts">Of runs with text: image i is drawn from prompt i mod P; null takes captions of the run's images.</param>
    /// <exception cref="ParisInputException">The request does not fit the run.</exception>
    public DrawnImages Draw(string strategyName, int count, ulong seed, int? steps = null, double? guidance = null, Func<int, int>? trueCluster = null, IReadOnlyList<string>? prompts = null)
    {
        var spec = context.Spec;
        var scale = guidance ?? spec.Sampling.GuidanceScale;
        if (spec.Expert.Model.Condition == "none" && scale != 1)
        {
            throw new ParisInputException($"guidance needs a condition, and run '{spec.Name}' has none; leave the guidance scale at 1.");
        }

        if (prompts is not null && !spec.TakesPrompts())
        {
            throw new ParisInputException($"run '{spec.Name}' is not conditioned on text, so it cannot draw from prompts; leave them out.");
        }

        var text = spec.TakesPrompts() ? TextPrompts.Load(context, prompts, count, seed) : null;
        var (strategy, clusterOf) = Resolve(strategyName, seed, trueCluster);
        var times = TimeGrid.Create(spec.Sampling.Grid, steps ?? spec.Sampling.Steps);
        var stepCount = times.Length - 1;
        var weights = new List<float[]>();
        float[]? pictures = null;
        int[] shape = [];
        long calls = 0;
        double seconds = 0;
        double routerSeconds = 0;
        var started = context.Time.GetTimestamp();
        var reported = started;
        for (var first = 0; first < count; first += Batch)
        {
            context.ThrowIfStopRequested();
            var n = Math.Min(Batch, count - first);
            var from = first;
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            var clusters = strategy.NeedsCluster ? Enumerable.Range(from, n).Select(clusterOf).ToArray() : null;
            var batchStarted = context.Time.GetTimestamp();
            using var outcome = ensemble.Sampler.Sample(
                ensemble.Noise(seed, first, n),
                times,
                strategy,
                clusters,
                (image, step, draw) => Ensemble.Uniform(seed, from + image, step, draw),
                GuidanceOf(text, from, n, (float)scale),
                afterStep: (step, _) =>
                {
                    if (context.Time.GetElapsedTime(reported).TotalSeconds >= 1)
                    {
                        reported = context.Time.GetTimestamp();
                        var done = from + (n * (step + 1.0) / stepCount);
                        context.Reporter.Progress((long)done, count, done / context.Time.GetElapsedTime(started).TotalSeconds, "images");
                    }
                },
                time: context.Time,
                routerText: spec.Router.Model.Conditioning == ModelSpec.PooledText ? text!.Pooled(from, n) : null);
            var decoded = ensemble.Codec.Decode(outcome.X).clamp(-1, 1).contiguous(); // [n, C, H, W]
            seconds += context.Time.GetElapsedTime(batchStarted).TotalSeconds;
            routerSeconds += outcome.RouterSeconds;
            calls += outcome.ExpertCalls;
            shape = [.. decoded.shape.Skip(1).Select(side => (int)side)];
            var size = shape[0] * shape[1] * shape[2];
            pictures ??= new float[count * size];
            MemoryMarshal.Cast<byte, float>(decoded.bytes).CopyTo(pictures.AsSpan(first * size));
            weights.Add(outcome.Weights);
        }

        return new DrawnImages(
            pictures ?? [],
            shape,
            [.. weights.SelectMany(w => w)],
            ensemble.Experts,
            calls / ((double)count * stepCount),
            seconds,
            routerSeconds,
            times,
            scale,
            text is null ? null : [.. Enumerable.Range(0, count).Select(text.Of)]);
    }

    private Guidance? GuidanceOf(TextPrompts? text, int first, int count, float scale)
        => ensemble.Classes > 0 ? ClassGuidance(first, count, scale)
        : text is not null && context.Spec.Expert.Model.Condition == "text" ? new Guidance(text.Sequence(first, count), text.NullSequence(count), scale)
        : null;

    /// <summary>Every class in turn: image i is asked for class i mod C; row C of the table is the null class.</summary>
    private Guidance ClassGuidance(int first, int count, float scale) => new(
        tensor(Enumerable.Range(first, count).Select(i => (long)(i % ensemble.Classes)).ToArray()),
        full([count], (long)ensemble.Classes, dtype: ScalarType.Int64),
        scale);

    private (RoutingStrategy Strategy, Func<int, int> ClusterOf) Resolve(string name, ulong seed, Func<int, int>? trueCluster)
    {
        if (name == StrategyNames.Twin)
        {
            return (RoutingStrategy.Create("cluster-first"), _ => 0);
        }

        if (name.StartsWith("expert-", StringComparison.Ordinal))
        {
            var place = int.TryParse(name["expert-".Length..], out var expert) ? ensemble.Experts.ToList().IndexOf(expert) : -1;
            return place >= 0
                ? (RoutingStrategy.Create("cluster-first"), _ => place)
                : throw new ParisInputException($"'{name}' names no expert; this ensemble has {string.Join(", ", ensemble.Experts.Select(k => $"expert-{k}"))}.");
        }

        var evaluation = context.Spec.Evaluation;
        var strategy = RoutingStrategy.Create(name, evaluation.TopK, evaluation.Nucleus, evaluation.Threshold);
        return (strategy, strategy.IsOracle && trueCluster is not null ? trueCluster : image => ensemble.DrawCluster(seed, image));
    }
}
