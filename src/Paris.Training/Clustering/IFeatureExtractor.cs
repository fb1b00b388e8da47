using Paris.Core;
using Paris.Core.Specs;
using Paris.Training.Data;

namespace Paris.Training.Clustering;

/// <summary>Turns images into the vectors that are clustered. Fitted once on the data set, then applied to every shard.</summary>
public interface IFeatureExtractor
{
    /// <summary>Numbers in one feature.</summary>
    int Dimension { get; }

    /// <summary>How often <see cref="Fit"/> passes over the data set.</summary>
    int FitPasses { get; }

    /// <summary>Learns what it needs from the whole data set.</summary>
    /// <param name="passes">Starts one pass over all pixel shards; called <see cref="FitPasses"/> times.</param>
    void Fit(Func<IEnumerable<Shard>> passes);

    /// <summary>The features of one shard: [N, D] row-major.</summary>
    float[] Extract(Shard shard);

    /// <summary>What was learned, as safetensors; null when nothing was.</summary>
    byte[]? Save();

    /// <summary>Facts about the fit, by name.</summary>
    IReadOnlyDictionary<string, double> Metrics { get; }
}

/// <summary>The extractors by the name that <c>clustering.extractor</c> gives.</summary>
public static class FeatureExtractors
{
    /// <summary>Names a spec may use.</summary>
    public static IReadOnlyList<string> Names { get; } = [PixelPca.Name];

    /// <summary>A new extractor.</summary>
    /// <exception cref="ParisInputException">The name is unknown.</exception>
    public static IFeatureExtractor Create(ClusteringSpec spec) => spec.Extractor == PixelPca.Name
        ? new PixelPca(spec.Dimension, normalise: spec.Spherical)
        : throw new ParisInputException($"clustering.extractor is '{spec.Extractor}'; use {string.Join(", ", Names.Select(name => $"'{name}'"))}.");
}
