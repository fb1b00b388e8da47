using Paris.Core.Scheduling;

namespace Paris.Core.Tests.Scheduling;

/// <summary>Short ways to say what silos report and jobs ask.</summary>
internal static class Slots
{
    public static readonly DateTimeOffset Monday = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    public static readonly SlotFacts H100 = new(true, "NVIDIA H100 80GB HBM3", 80L << 30, 9.0, 4);

    public static readonly SlotFacts A100 = new(true, "NVIDIA A100-SXM4-40GB", 40L << 30, 8.0, 4);

    public static readonly SlotFacts T4 = new(true, "Tesla T4", 16L << 30, 7.5, 4);

    public static readonly SlotFacts Cpu = new(false, "EPYC", 8L << 30, 0, 2);

    public static QueueOrder Job(string key, int place = 0, int priority = 0, int submitted = 0, double share = 1, ResourceNeeds? needs = null, string shape = "", double samples = 0) =>
        new(priority, Monday.AddDays(submitted), place, key) { Share = share, Demand = new JobDemand(needs ?? ResourceNeeds.None, shape, samples) };

    public static SlotReport Free(string slot, SlotFacts facts) => new(slot, facts.Model) { Facts = facts };

    public static SlotReport Busy(string slot, SlotFacts facts, QueueOrder job, RunningWork? work = null) =>
        new(slot, facts.Model, job.Job, 1, "claim-" + job.Job) { Facts = facts, Order = job, Work = work ?? new RunningWork() };

    public static SiloReport Silo(string name, params SlotReport[] slots) => new(name, name + "@1", slots);
}
