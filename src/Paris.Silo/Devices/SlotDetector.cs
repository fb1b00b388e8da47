using System.Globalization;

namespace Paris.Silo.Devices;

/// <summary>One slot a GPU that <c>nvidia-smi</c> lists, addressed by its UUID; else a share of the CPU each.</summary>
/// <param name="settings">How many, and how many threads each.</param>
/// <param name="listGpus">Lines of <c>uuid, name, memory in MiB, compute capability</c>; null when there is no GPU.</param>
/// <param name="host">The node beside its GPUs; null looks at this machine.</param>
public sealed class SlotDetector(SiloSettings settings, Func<string?> listGpus, Func<HostFacts>? host = null) : ISlotDetector
{
    private const long MiB = 1L << 20;

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
            var slots = settings.Slots ?? gpus.Count;
            return [.. Enumerable.Range(0, slots).Select(i =>
            {
                // Slots that share a GPU share its memory.
                var gpu = gpus[i % gpus.Count];
                var sharers = (slots / gpus.Count) + (i % gpus.Count < slots % gpus.Count ? 1 : 0);
                return new SlotDefinition(
                    string.Create(CultureInfo.InvariantCulture, $"gpu-{i}"),
                    gpu.Name,
                    new Dictionary<string, string>(cpu) { ["CUDA_VISIBLE_DEVICES"] = gpu.Uuid })
                {
                    Facts = new SlotFacts(true, gpu.Name, gpu.MemoryBytes / sharers, gpu.Compute, settings.Threads),
                };
            })];
        }

        // An empty list hides every GPU: a CPU slot must not fill a device that it was not given.
        cpu["CUDA_VISIBLE_DEVICES"] = "";
        var count = settings.Slots ?? Math.Max(1, Environment.ProcessorCount / settings.Threads);
        var (model, memory) = (host ?? HostFacts.Detect)();
        return [.. Enumerable.Range(0, count).Select(i => new SlotDefinition(string.Create(CultureInfo.InvariantCulture, $"cpu-{i}"), "CPU share", cpu)
        {
            Facts = new SlotFacts(false, model, memory / count, 0, settings.Threads),
        })];
    }

    private static List<(string Uuid, string Name, long MemoryBytes, double Compute)> Parse(string? list)
    {
        List<(string, string, long, double)> gpus = [];
        foreach (var line in (list ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (line.Split(',', StringSplitOptions.TrimEntries) is [{ } uuid, { } name, .. var rest] && uuid.StartsWith("GPU-", StringComparison.Ordinal))
            {
                // What a driver does not know it answers with "[N/A]".
                var memory = rest.Length > 0 && long.TryParse(rest[0], CultureInfo.InvariantCulture, out var mib) ? mib * MiB : 0;
                var compute = rest.Length > 1 && double.TryParse(rest[1], CultureInfo.InvariantCulture, out var capability) ? capability : 0;
                gpus.Add((uuid, name, memory, compute));
            }
        }

        return gpus;
    }
}
