using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Training.Sampling;

/// <summary>
/// How one denoising step mixes the experts: weights over the K experts for one image, from the router's probabilities
/// p_t(S_k | x_t) (paper section on inference; <c>paris-model</c> reference section 12).
/// </summary>
public sealed class RoutingStrategy
{
    /// <summary>Experts with a smaller weight are not run.</summary>
    public const float Negligible = 1e-6f;

    /// <summary>Above this time <c>sticky</c> keeps the cluster it drew.</summary>
    public const float StickyTime = 0.8f;

    private readonly Kind _kind;
    private readonly int _k;
    private readonly double _nucleus;
    private readonly double _threshold;

    private RoutingStrategy(string name, Kind kind, int k, double nucleus, double threshold)
    {
        Name = name;
        _kind = kind;
        _k = k;
        _nucleus = nucleus;
        _threshold = threshold;
    }

    private enum Kind
    {
        Fixed,
        Sticky,
        Top,
        Sample,
        Nucleus,
        Threshold,
        Full,
    }

    public string Name { get; }

    /// <summary>The image's cluster is chosen before the first step: drawn from the shares, or given (<c>oracle</c>).</summary>
    public bool NeedsCluster => _kind is Kind.Fixed or Kind.Sticky;

    /// <summary>The cluster is the true one of a given image, not a draw.</summary>
    public bool IsOracle => Name == "oracle";

    /// <param name="name">One of <see cref="StrategyNames.Routed"/>.</param>
    /// <param name="topK">k of <c>top-k</c> and <c>sample-k</c>.</param>
    /// <param name="nucleus">Cumulative probability that <c>nucleus</c> reaches.</param>
    /// <param name="threshold">Smallest probability that <c>threshold</c> keeps; the most probable expert always stays.</param>
    /// <exception cref="ParisInputException">The name or a parameter is not usable.</exception>
    public static RoutingStrategy Create(string name, int topK = 3, double nucleus = 0.9, double threshold = 0.05)
    {
        if (topK < 1)
        {
            throw new ParisInputException($"top-k needs k of at least 1, not {topK}.");
        }

        if (!(nucleus is > 0 and <= 1) || !(threshold is >= 0 and < 1))
        {
            throw new ParisInputException($"nucleus must be in (0, 1] and threshold in [0, 1), not {nucleus} and {threshold}.");
        }

        RoutingStrategy Make(Kind kind, int k = 0) => new(name, kind, k, nucleus, threshold);
        return name switch
        {
            "cluster-first" or "oracle" => Make(Kind.Fixed),
            "sticky" => Make(Kind.Sticky),
            "top-1" => Make(Kind.Top, 1),
            "top-2" => Make(Kind.Top, 2),
            "top-k" => Make(Kind.Top, topK),
            "sample-k" => Make(Kind.Sample, topK),
            "nucleus" => Make(Kind.Nucleus),
            "threshold" => Make(Kind.Threshold),
            "full" => Make(Kind.Full),
            _ => throw new ParisInputException($"unknown strategy '{name}'; use one of {string.Join(", ", StrategyNames.Routed)}."),
        };
    }

    /// <summary>Whether the step at time t asks the router.</summary>
    public bool NeedsRouter(float t) => _kind switch
    {
        Kind.Fixed => false,
        Kind.Sticky => t <= StickyTime,
        _ => true,
    };

    /// <summary>The weights of one image at one step; they sum to 1, and an expert of weight 0 is not run.</summary>
    /// <param name="t">Time in [0, 1].</param>
    /// <param name="probabilities">[K] router probabilities; not read when <see cref="NeedsRouter"/> is false.</param>
    /// <param name="cluster">The image's cluster where <see cref="NeedsCluster"/>.</param>
    /// <param name="uniform">Independent uniform numbers in [0, 1) of this image and step, for <c>sample-k</c>.</param>
    /// <param name="weights">[K] result.</param>
    public void Route(float t, ReadOnlySpan<float> probabilities, int cluster, Func<int, double> uniform, Span<float> weights)
    {
        weights.Clear();
        if (!NeedsRouter(t))
        {
            weights[cluster] = 1;
            return;
        }

        switch (_kind)
        {
            case Kind.Sticky:
                KeepLargest(probabilities, 1, weights);
                break;
            case Kind.Top:
                KeepLargest(probabilities, _k, weights);
                break;
            case Kind.Nucleus:
                KeepNucleus(probabilities, weights);
                break;
            case Kind.Sample:
                KeepSampled(probabilities, uniform, weights);
                break;
            case Kind.Threshold:
                for (var k = 0; k < weights.Length; k++)
                {
                    weights[k] = probabilities[k] >= _threshold ? probabilities[k] : 0;
                }

                if (weights.IndexOfAnyExcept(0f) < 0)
                {
                    KeepLargest(probabilities, 1, weights);
                }

                break;
            default:
                for (var k = 0; k < weights.Length; k++)
                {
                    weights[k] = probabilities[k] < Negligible ? 0 : probabilities[k];
                }

                // The full ensemble keeps the softmax as it is.
                return;
        }

        Normalise(weights);
    }

    private static void Normalise(Span<float> weights)
    {
        double sum = 0;
        foreach (var weight in weights)
        {
            sum += weight;
        }

        for (var k = 0; k < weights.Length; k++)
        {
            weights[k] = (float)(weights[k] / sum);
        }
    }

    private static int Largest(ReadOnlySpan<float> probabilities, ReadOnlySpan<float> taken)
    {
        var best = -1;
        for (var k = 0; k < probabilities.Length; k++)
        {
            // Strictly larger: the lowest index wins a tie.
            if (taken[k] == 0 && (best < 0 || probabilities[k] > probabilities[best]))
            {
                best = k;
            }
        }

        return best;
    }

    private static void KeepLargest(ReadOnlySpan<float> probabilities, int count, Span<float> weights)
    {
        for (var i = 0; i < Math.Min(count, probabilities.Length); i++)
        {
            var k = Largest(probabilities, weights);
            // A probability that underflowed to 0 still marks its expert as taken.
            weights[k] = Math.Max(probabilities[k], float.Epsilon);
        }
    }

    private void KeepNucleus(ReadOnlySpan<float> probabilities, Span<float> weights)
    {
        double sum = 0;
        for (var i = 0; i < probabilities.Length && sum < _nucleus; i++)
        {
            var k = Largest(probabilities, weights);
            weights[k] = Math.Max(probabilities[k], float.Epsilon);
            sum += probabilities[k];
        }
    }

    private void KeepSampled(ReadOnlySpan<float> probabilities, Func<int, double> uniform, Span<float> weights)
    {
        // Multinomial without replacement; the chosen experts keep their relative probabilities.
        for (var i = 0; i < Math.Min(_k, probabilities.Length); i++)
        {
            double left = 0;
            for (var k = 0; k < probabilities.Length; k++)
            {
                left += weights[k] == 0 ? probabilities[k] : 0;
            }

            var draw = uniform(i) * left;
            var chosen = -1;
            for (var k = 0; k < probabilities.Length; k++)
            {
                if (weights[k] != 0)
                {
                    continue;
                }

                chosen = k;
                draw -= probabilities[k];
                if (draw < 0)
                {
                    break;
                }
            }

            weights[chosen] = Math.Max(probabilities[chosen], float.Epsilon);
        }
    }
}
