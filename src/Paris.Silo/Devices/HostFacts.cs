using System.Runtime.InteropServices;

namespace Paris.Silo.Devices;

/// <summary>The processor and memory of this node, as far as this process may use them.</summary>
/// <param name="Model">The processor's name.</param>
/// <param name="MemoryBytes">The container's limit, else the machine's memory.</param>
public sealed record HostFacts(string Model, long MemoryBytes)
{
    private const string CpuInfo = "/proc/cpuinfo";

    public static HostFacts Detect()
    {
        var model = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(x => x.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[^1].Trim()
            : null;
        return new HostFacts(
            string.IsNullOrEmpty(model) ? RuntimeInformation.OSArchitecture.ToString() : model,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }
}
