namespace Paris.Silo.Devices;

/// <summary>A slot of this node: the right to run one worker on a device.</summary>
/// <param name="Id">Unique within the silo: <c>cpu-0</c>, <c>gpu-1</c>.</param>
/// <param name="Device">For people: <c>CPU share</c>, <c>NVIDIA H100 80GB HBM3</c>.</param>
/// <param name="Environment">What its worker is told by environment variables.</param>
public sealed record SlotDefinition(string Id, string Device, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>What the device is, for the jobs' requirements.</summary>
    public SlotFacts Facts { get; init; } = SlotFacts.Unknown;
}

/// <summary>Finds the slots of this node.</summary>
public interface ISlotDetector
{
    IReadOnlyList<SlotDefinition> Detect();
}
