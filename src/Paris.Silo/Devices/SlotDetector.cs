using System.Globalization;

namespace Paris.Silo.Devices;

/// <summary>One slot a GPU that <c>nvidia-smi</c> lists, addressed by its UUID; else a share of the CPU each.</summary>
/// <param name="settings">How many, and how many threads each.</param>
/// <param name="listGpus">Lines of <c>uuid, name, memory in MiB</c>; null when there is no GPU.</param>
public sealed class SlotDetector(SiloSettings settings, Func<string?> listGpus) : ISlotDetector
{
    public SlotDetector(SiloSettings settings)
        : this(settings, NvidiaSmi.List)
    {
    }

    public IReadOnlyList<SlotDefinition> Detect()
    {
        if (settings.Role == SiloSettings.ControlRole)
        {
            return [];
        }

        var threads = settings.Threads.ToString(CultureInfo.InvariantCulture);
        Dictionary<string, string> cpu = new()
        {
            ["OMP_NUM_THREADS"] = threads,
            ["OPENBLAS_NUM_THREADS"] = threads,
            ["MKL_NUM_THREADS"] = threads,
        };
        var gpus = settings.Gpus ? Parse(listGpus()) : [];
        if (gpus.Count > 0)
        {
            return [.. Enumerable.Range(0, settings.Slots ?? gpus.Count).Select(i => new SlotDefinition(
                string.Create(CultureInfo.InvariantCulture, $"gpu-{i}"),
                gpus[i % gpus.Count].Name,
                new Dictionary<string, string>(cpu) { ["CUDA_VISIBLE_DEVICES"] = gpus[i % gpus.Count].Uuid }))];
        }

        // An empty list hides every GPU: a CPU slot must not fill a device that it was not given.
        cpu["CUDA_VISIBLE_DEVICES"] = "";
        return [.. Enumerable.Range(0, settings.Slots ?? Math.Max(1, Environment.ProcessorCount / settings.Threads)).Select(i =>
            new SlotDefinition(string.Create(CultureInfo.InvariantCulture, $"cpu-{i}"), "CPU share", cpu))];
    }

    private static List<(string Uuid, string Name)> Parse(string? list)
    {
        List<(string, string)> gpus = [];
        foreach (var line in (list ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split(',', StringSplitOptions.TrimEntries) is [{ } uuid, { } name, ..] && uuid.StartsWith("GPU-", StringComparison.Ordinal))
            {
                gpus.Add((uuid, name));
            }
        }

        return gpus;
    }
}
