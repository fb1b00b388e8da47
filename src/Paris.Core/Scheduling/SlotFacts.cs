namespace Paris.Core.Scheduling;

/// <summary>What a slot's device is, by the report of its silo; it does not change while the silo lives.</summary>
/// <param name="Gpu">A GPU, not a share of the CPU.</param>
/// <param name="Model">The device's model as its driver names it, e.g. <c>NVIDIA H100 80GB HBM3</c>; the processor's for a CPU share.</param>
/// <param name="MemoryBytes">Memory of the slot: the GPU's or the host's, divided by the slots that share it; 0 when unknown.</param>
/// <param name="Compute">CUDA compute capability, e.g. 9.0; 0 for a CPU share.</param>
/// <param name="Threads">CPU threads of a worker here.</param>
public sealed record SlotFacts(bool Gpu = false, string Model = "", long MemoryBytes = 0, double Compute = 0, int Threads = 0)
{
    /// <summary>A silo that says nothing of its devices: its slots take only jobs that need nothing special.</summary>
    public static SlotFacts Unknown { get; } = new();

    /// <summary>Slots of one class run a job equally fast; speeds are learned per class.</summary>
    public string Class => Gpu || Threads == 0 ? Model : FormattableString.Invariant($"{Model} × {Threads}");
}
