using System.Text.Json;
using System.Text.Json.Serialization;

namespace Paris.Core.Interop;

/// <summary><c>config.json</c> of a published ensemble, by its released field names. Unknown fields are kept out; the file itself travels along.</summary>
public sealed record PublishedConfig
{
    public string ModelName { get; init; } = "Paris";

    public int NumExperts { get; init; }

    public string ExperimentName { get; init; } = "";

    public string DatasetName { get; init; } = "";

    /// <summary>Side of the latent, not of the picture.</summary>
    public int ImageSize { get; init; }

    public int NumChannels { get; init; }

    public string ExpertArchitecture { get; init; } = "dit";

    public string RouterArchitecture { get; init; } = "dit";

    public bool UseLatents { get; init; } = true;

    public string VaeName { get; init; } = "none";

    public string TextEncoderName { get; init; } = "none";

    /// <summary>Ours: [K] samples of each cluster, for strategies that draw clusters by their share; without the field all are taken for equal.</summary>
    public IReadOnlyList<long>? ClusterSizes { get; init; }

    /// <summary>Ours: how the run that trained the experts draws images; without the field as the released ensemble.</summary>
    public PublishedSampling? Sampling { get; init; }
}

/// <summary><c>model_index.json</c> of a published ensemble: what it consists of, as (library, class) for the parts that other libraries know.</summary>
public sealed record PublishedModelIndex
{
    [JsonPropertyName("_class_name")]
    public string ClassName { get; init; } = "DDMPipeline";

    public int NumExperts { get; init; }

    public string ExpertArchitecture { get; init; } = "dit";

    public string RouterArchitecture { get; init; } = "dit";

    public IReadOnlyList<string>? Vae { get; init; }

    public IReadOnlyList<string>? TextEncoder { get; init; }

    public IReadOnlyList<string>? Tokenizer { get; init; }

    public string VaeName { get; init; } = "none";

    public string TextEncoderName { get; init; } = "none";
}

/// <summary>How images are drawn where nobody says otherwise.</summary>
/// <param name="Steps">Euler steps.</param>
/// <param name="Grid">A name of <c>sampling.grid</c>.</param>
/// <param name="GuidanceScale">1: none.</param>
public sealed record PublishedSampling(int Steps, string Grid, double GuidanceScale);

/// <summary><c>config.json</c> of an expert's folder.</summary>
public sealed record PublishedExpertConfig
{
    public string ModelType { get; init; } = "dit_expert";

    public int ExpertId { get; init; }

    public string Architecture { get; init; } = "dit";

    public int HiddenSize { get; init; }

    public int NumLayers { get; init; }

    public int NumHeads { get; init; }

    public int PatchSize { get; init; }

    public int InChannels { get; init; }

    public int OutChannels { get; init; }

    public double MlpRatio { get; init; } = 4;

    public bool UseTextConditioning { get; init; }

    public bool UseClassConditioning { get; init; }

    public int NumClasses { get; init; }

    public int TextEmbedDim { get; init; }

    public bool UseDitTimeEmbed { get; init; } = true;

    public bool UseAdalnSingle { get; init; } = true;

    public double CfgDropoutProb { get; init; }

    /// <summary>Ours: the layer norms' eps. The released files do not say it; without the field it is <see cref="PublishedJson.NormEps"/>.</summary>
    public double? NormEps { get; init; }

    /// <summary>Ours: <c>ddpm</c> for an expert that predicts noise on the cosine schedule; without the field it predicts velocity.</summary>
    public string? Objective { get; init; }
}

/// <summary><c>config.json</c> of the router's folder.</summary>
public sealed record PublishedRouterConfig
{
    public string ModelType { get; init; } = "router";

    public string Architecture { get; init; } = "dit";

    public int NumClusters { get; init; }

    public int HiddenSize { get; init; }

    public int NumLayers { get; init; }

    public int NumHeads { get; init; }

    public int PatchSize { get; init; }

    public int InChannels { get; init; }

    public bool UseDitTimeEmbed { get; init; } = true;

    /// <summary>Ours: <c>pooled-text</c> for a router that reads the pooled text; the released one has none.</summary>
    public string? Conditioning { get; init; }

    /// <summary>Ours: width of the pooled text.</summary>
    public int? TextEmbedDim { get; init; }

    /// <inheritdoc cref="PublishedExpertConfig.NormEps"/>
    public double? NormEps { get; init; }
}

/// <summary>Reads and writes the configuration files.</summary>
public static class PublishedJson
{
    /// <summary>The layer norms' eps of the released weights (reference, section 11).</summary>
    public const double NormEps = 1e-5;

    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    };

    /// <exception cref="ParisInputException">There is no such file, or it is no such configuration.</exception>
    public static T Read<T>(string path)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), _json) ?? throw new ParisInputException($"{path} is empty; it should be a model's configuration.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ParisInputException($"{path} is missing; a published ensemble has config.json, expert_0 … and router, each with its config.json.", exception);
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"{path} cannot be read as a model's configuration: {exception.Message}", exception);
        }
    }

    public static byte[] Write<T>(T config) => JsonSerializer.SerializeToUtf8Bytes(config, _json);
}
