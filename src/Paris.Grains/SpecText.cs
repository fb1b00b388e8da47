using System.Text.Json;
using Paris.Core.Specs;

namespace Paris.Grains;

/// <summary>The run's spec as canonical JSON.</summary>
internal static class SpecText
{
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static string BlobName(string run) => $"runs/{run}/spec.json";

    public static RunSpec Parse(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<RunSpec>(json, _json) ?? throw new ParisInputException("The spec is empty.");
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"The spec is not readable: {exception.Message}", exception);
        }
    }

    public static string Canonical(RunSpec spec) => JsonSerializer.Serialize(spec, _json);
}
