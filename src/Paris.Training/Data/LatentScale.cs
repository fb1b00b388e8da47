using System.Globalization;
using Paris.Core;

namespace Paris.Training.Data;

/// <summary>
/// Mean and standard deviation of the latents by channel over the training images. Stored latents are standardised, z = (mean of the
/// posterior − Mean)/Std; an autoencoder's file carries both in its metadata (<c>latent.mean</c>, <c>latent.std</c>).
/// </summary>
public sealed class LatentScale
{
    /// <summary>Metadata key of <see cref="Mean"/>: comma-separated numbers.</summary>
    public const string MeanKey = "latent.mean";

    /// <summary>Metadata key of <see cref="Std"/>: comma-separated numbers.</summary>
    public const string StdKey = "latent.std";

    /// <summary>A scale.</summary>
    /// <exception cref="ParisInputException">The lengths differ, a number is not finite, or a deviation is not positive.</exception>
    public LatentScale(IReadOnlyList<float> mean, IReadOnlyList<float> std)
    {
        if (mean.Count == 0 || mean.Count != std.Count || !mean.All(float.IsFinite) || !std.All(value => float.IsFinite(value) && value > 0))
        {
            throw new ParisInputException($"The scale of the latents has means ({Format(mean)}) and deviations ({Format(std)}); one finite mean and one positive deviation a channel are needed.");
        }

        (Mean, Std) = (mean, std);
    }

    /// <summary>[c].</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>[c].</summary>
    public IReadOnlyList<float> Std { get; }

    /// <summary>The scale that a model file carries.</summary>
    /// <exception cref="ParisInputException">The file carries none.</exception>
    public static LatentScale Parse(IReadOnlyDictionary<string, string> metadata, string source)
        => new(Numbers(metadata, MeanKey, source), Numbers(metadata, StdKey, source));

    /// <summary>Adds the scale to a model file's metadata.</summary>
    public void AddTo(IDictionary<string, string> metadata)
    {
        metadata[MeanKey] = Format(Mean);
        metadata[StdKey] = Format(Std);
    }

    private static float[] Numbers(IReadOnlyDictionary<string, string> metadata, string key, string source)
    {
        if (metadata.TryGetValue(key, out var text))
        {
            var parts = text.Split(',');
            var values = new float[parts.Length];
            if (parts.Select((part, i) => float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out values[i])).All(read => read))
            {
                return values;
            }
        }

        throw new ParisInputException($"'{source}' carries no '{key}' (comma-separated numbers) in its metadata; train the autoencoder again.");
    }

    private static string Format(IReadOnlyList<float> values) => string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));
}
