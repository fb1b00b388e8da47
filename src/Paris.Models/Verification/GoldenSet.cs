using Paris.Core.Formats;
using static TorchSharp.torch;

namespace Paris.Models.Verification;

/// <summary>One file of golden inputs and outputs, compared under the fixtures' tolerances and never above 1e-4.</summary>
/// <param name="tolerances">The fixtures' tolerances.</param>
/// <param name="set">The set's name there.</param>
/// <param name="layout">Which weights are compared, for the rows' names; may be empty.</param>
/// <param name="io">The file.</param>
internal sealed class GoldenSet(Tolerances tolerances, string set, string layout, SafetensorsFile io)
{
    /// <summary>Largest difference that passes anywhere, in single precision.</summary>
    private const double Limit = 1e-4;

    public bool Contains(string name) => io.Contains(name);

    /// <summary>What stands before <paramref name="suffix"/> in the file's names.</summary>
    public IEnumerable<string> Names(string suffix) =>
        io.Tensors.Where(t => t.Name.EndsWith(suffix, StringComparison.Ordinal)).Select(t => t.Name[..^suffix.Length]).Order(StringComparer.Ordinal);

    public Tensor Tensor(string name) => tensor(io.ToSingles(name), [.. io[name].Shape]);

    public VerificationRow Row(string name, Tensor actual) => Tolerances.Compare(
        $"{set}{(layout.Length > 0 ? $" ({layout})" : "")}: {name}", actual, io.ToSingles(name), Math.Min(tolerances.Of(set, name), Limit));
}
