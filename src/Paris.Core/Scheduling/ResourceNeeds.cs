using System.Globalization;
using Paris.Core.Specs;

namespace Paris.Core.Scheduling;

/// <summary>What a job needs of a slot's device (<see cref="ResourcesSpec"/>); the default fits everywhere.</summary>
/// <param name="MemoryBytes">Least memory; 0 for any.</param>
/// <param name="GpuModel">Part of the GPU's model name, letter case ignored; empty for any device.</param>
/// <param name="MinimumCompute">Least CUDA compute capability; 0 for any device.</param>
public sealed record ResourceNeeds(long MemoryBytes = 0, string GpuModel = "", double MinimumCompute = 0)
{
    private const double GiB = 1L << 30;

    /// <summary>Fits on every slot.</summary>
    public static ResourceNeeds None { get; } = new();

    /// <summary>The needs as a specification states them; null needs nothing.</summary>
    public static ResourceNeeds Of(ResourcesSpec? spec) =>
        spec is null ? None : new ResourceNeeds((long)Math.Ceiling(spec.Memory * GiB), spec.GpuModel, spec.MinimumCompute);

    /// <summary>Whether a job with these needs may run on the slot.</summary>
    public bool FitOn(SlotFacts slot) =>
        slot.MemoryBytes >= MemoryBytes && HasModel(slot) && slot.Compute >= MinimumCompute;

    /// <summary>The needs for people: <c>40 GiB on a GPU 'A100' of compute capability 8.0</c>.</summary>
    public override string ToString()
    {
        List<string> parts = [];
        if (MemoryBytes > 0)
        {
            parts.Add(Size(MemoryBytes));
        }

        if (GpuModel.Length > 0)
        {
            parts.Add($"a GPU '{GpuModel}'");
        }

        if (MinimumCompute > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"compute capability {MinimumCompute:0.0}"));
        }

        return parts.Count == 0 ? "any slot" : string.Join(" and ", parts);
    }

    /// <summary>Why none of these slots fits, in one sentence; call it only when none does.</summary>
    /// <param name="slots">At least one.</param>
    public string Explain(IReadOnlyCollection<SlotFacts> slots)
    {
        var largest = slots.Max(x => x.MemoryBytes);
        if (largest < MemoryBytes)
        {
            return $"needs {Size(MemoryBytes)}; the largest slot has {Size(largest)}";
        }

        if (!slots.Any(HasModel))
        {
            return $"needs a GPU '{GpuModel}'; the slots are {string.Join(", ", slots.Select(x => x.Model.Length == 0 ? "unknown devices" : x.Model).Distinct().Order(StringComparer.Ordinal).Take(5))}";
        }

        var best = slots.Max(x => x.Compute);
        return best < MinimumCompute
            ? string.Create(CultureInfo.InvariantCulture, $"needs compute capability {MinimumCompute:0.0}; ") + (best == 0 ? "no slot is a CUDA device" : string.Create(CultureInfo.InvariantCulture, $"the highest is {best:0.0}"))
            : $"needs {this}; no single slot has all of it";
    }

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / GiB:0.#} GiB");

    private bool HasModel(SlotFacts slot) =>
        GpuModel.Length == 0 || (slot.Gpu && slot.Model.Contains(GpuModel, StringComparison.OrdinalIgnoreCase));
}
