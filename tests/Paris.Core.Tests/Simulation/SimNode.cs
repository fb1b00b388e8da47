using Paris.Core.Scheduling;

namespace Paris.Core.Tests.Simulation;

/// <summary>A machine: its network, and the silo that runs on it now.</summary>
internal sealed class SimNode(string name)
{
    public string Name => name;

    /// <summary>Split from every other node.</summary>
    public bool Isolated { get; set; }

    /// <summary>Split from the store.</summary>
    public bool StoreCut { get; set; }

    /// <summary>The present incarnation; a dead one until the next starts.</summary>
    public SimSilo? Silo { get; set; }

    public int Generation { get; set; }

    /// <summary>How many times slower than the fastest its slots are.</summary>
    public int Slowness { get; init; } = 1;

    public SlotFacts Facts => new(Model: "cpu", Threads: 4 / Slowness);
}
