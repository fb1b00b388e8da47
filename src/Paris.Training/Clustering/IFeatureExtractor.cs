using Paris.Core;
using Paris.Core.Specs;
using Paris.Models.Encoders;
using Paris.Training.Data;

namespace Paris.Training.Clustering;

/// <summary>Turns images into the vectors that are clustered. Fitted once on the data set, then applied to every shard.</summary>
public interface IFeatureExtractor : IDisposable
{
    /// <summary>Numbers in one feature.</summary>
    int Dimension { get; }

    /// <summary>How often <see cref="Fit"/> passes over the data set.</summary>
    int FitPasses { get; }

    /// <summary>Learns what it needs from the whole data set.</summary>
    /// <param name="passes">Starts one pass over all pixel shards; called <see cref="FitPasses"/> times.</param>
    void Fit(Func<IEnumerable<Shard>> passes);

    /// <summary>Most samples of one call of <see cref="Extract"/>; <see cref="int.MaxValue"/> takes a whole shard.</summary>
    int Batch { get; }

    /// <summary>The features of some samples of a shard: [count, D] row-major. Batches start at multiples of <see cref="Batch"/>.</summary>
    float[] Extract(Shard shard, int first, int count);

    /// <summary>What was learned, as safetensors; null when nothing was.</summary>
    byte[]? Save();

    /// <summary>Facts about the fit, by name.</summary>
    IReadOnlyDictionary<string, double> Metrics { get; }
}

/// <summary>The extractors by the name that <c>clustering.extractor</c> gives.</summary>
public static class FeatureExtractors
{
    /// <summary>Names a spec may use.</summary>
    public static IReadOnlyList<string> Names { get; } = [PixelPca.Name, DinoV2Features.Name];

    /// <summary>A new extractor; the caller disposes it.</summary>
    /// <param name="spec">Which, and its settings.</param>
    /// <param name="roots">Folders below which weights may be read; null: all that this user may.</param>
    /// <exception cref="ParisInputException">The name is unknown, or the weights are missing or not its own.</exception>
    public static IFeatureExtractor Create(ClusteringSpec spec, IReadOnlyList<string>? roots) => spec.Extractor switch
    {
        PixelPca.Name => new PixelPca(spec.Dimension, normalise: spec.Spherical),
        DinoV2Features.Name => new DinoV2Features(
            ModelSource.Load(
                spec.Weights ?? throw new ParisInputException("clustering.weights is missing: the extractor 'dinov2' needs the file or folder of its weights."),
                "clustering.weights",
                roots,
                DinoV2.Load),
            spec.InputSize,
            spec.ResizedSide()),
        _ => throw new ParisInputException($"clustering.extractor is '{spec.Extractor}'; use {string.Join(", ", Names.Select(name => $"'{name}'"))}."),
    };
}
