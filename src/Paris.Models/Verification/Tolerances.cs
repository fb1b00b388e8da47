using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using static TorchSharp.torch;

namespace Paris.Models.Verification;

/// <summary>The absolute tolerances that come with the fixtures (<c>tolerances.json</c>: set → tensor → suggested_abs_tolerance).</summary>
public sealed class Tolerances
{
    /// <summary>No comparison in float32 may differ by more, whatever the file suggests for it.</summary>
    public const double Largest = 1e-4;

    private readonly JsonElement _root;
    private readonly string _path;

    /// <param name="fixtures">The fixtures' folder.</param>
    /// <exception cref="ParisInputException">The file is missing or no JSON.</exception>
    public Tolerances(string fixtures)
    {
        _path = Path.Combine(fixtures, "tolerances.json");
        try
        {
            _root = JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(_path));
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"{_path} cannot be read as the fixtures' tolerances: {e.Message}", e);
        }
    }

    /// <summary>Compares a tensor with expected numbers; the lengths must agree.</summary>
    public static VerificationRow Compare(string title, Tensor actual, ReadOnlySpan<float> expected, double tolerance)
    {
        using var host = actual.detach().cpu().contiguous();
        return VerificationRow.Compare(title, host.data<float>().ToArray(), expected, tolerance);
    }

    /// <summary>The tolerance of a tensor, at most <see cref="Largest"/>.</summary>
    /// <exception cref="ParisInputException">The file has none for it.</exception>
    public double Of(string set, string name) =>
        _root.TryGetProperty(set, out var tensors)
        && tensors.TryGetProperty(name, out var entry)
        && entry.TryGetProperty("suggested_abs_tolerance", out var value)
            ? Math.Min(Largest, value.GetDouble())
            : throw new ParisInputException($"{_path} has no suggested_abs_tolerance for '{name}' of '{set}'.");

    /// <summary>Compares a tensor of a fixture set under its tolerance.</summary>
    public VerificationRow Compare(string set, string name, Tensor actual, ReadOnlySpan<float> expected) =>
        Compare($"{set}: {name}", actual, expected, Of(set, name));
}
