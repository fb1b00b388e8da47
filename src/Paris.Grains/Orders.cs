namespace Paris.Grains;

/// <summary>The scheduler's records as messages and back.</summary>
public static class Orders
{
    public static QueueOrder Of(JobOrder order, string job) => new(order.Priority, order.Submitted, order.Order, job)
    {
        Share = order.Share,
        Demand = new JobDemand(new ResourceNeeds(order.MemoryBytes, order.GpuModel, order.MinimumCompute), order.Shape, order.Samples, order.SamplesPerStep),
    };

    public static JobOrder Of(QueueOrder order, long total) => new()
    {
        Priority = order.Priority,
        Submitted = order.Submitted,
        Order = order.Place,
        Total = total,
        Share = order.Share,
        MemoryBytes = order.Demand.Needs.MemoryBytes,
        GpuModel = order.Demand.Needs.GpuModel,
        MinimumCompute = order.Demand.Needs.MinimumCompute,
        Shape = order.Demand.Shape,
        Samples = order.Demand.Samples,
        SamplesPerStep = order.Demand.SamplesPerStep,
    };

    public static DeviceFacts Of(SlotFacts facts) => new()
    {
        Gpu = facts.Gpu,
        Model = facts.Model,
        MemoryBytes = facts.MemoryBytes,
        Compute = facts.Compute,
        Threads = facts.Threads,
    };

    public static SlotFacts Of(DeviceFacts facts) => new(facts.Gpu, facts.Model, facts.MemoryBytes, facts.Compute, facts.Threads);

    public static SiloReport Of(SiloStatusReport report) => new(report.Silo, report.Address, [.. report.Slots.Select(x => Of(x))], report.Draining);

    public static SiloStatusReport Of(SiloReport report) => new()
    {
        Silo = report.Silo,
        Address = report.Address,
        Draining = report.Draining,
        DeletionCost = report.DeletionCost,
        Slots = [.. report.Slots.Select(x => Of(x))],
    };

    private static SlotReport Of(SlotStatus slot)
    {
        var order = slot.Order is null ? null : Of(slot.Order, slot.Job);
        var work = slot.Work;
        return new SlotReport(slot.Slot, slot.Device, slot.Job, slot.Epoch, slot.Claim, slot.Age)
        {
            Facts = Of(slot.Facts),
            Order = order,
            Work = new RunningWork(
                (order?.Demand ?? JobDemand.Any).SampleRate(work.Rate, work.Unit),
                work.Step,
                work.Total,
                work.CommittedStep,
                work.Seconds,
                work.StartSeconds,
                work.CheckpointSeconds),
        };
    }

    private static SlotStatus Of(SlotReport slot) => new()
    {
        Slot = slot.Slot,
        Device = slot.Device,
        Job = slot.Job,
        Epoch = slot.Epoch,
        Claim = slot.Claim,
        Age = slot.Age,
        Facts = Of(slot.Facts),
        Order = slot.Order is null ? null : Of(slot.Order, slot.Work.Total),
        Work = new WorkProgress
        {
            Rate = slot.Work.Rate,
            Unit = slot.Work.Rate > 0 ? "samples" : "",
            Step = slot.Work.Step,
            Total = slot.Work.Total,
            CommittedStep = slot.Work.CommittedStep,
            Seconds = slot.Work.Seconds,
            StartSeconds = slot.Work.StartSeconds,
            CheckpointSeconds = slot.Work.CheckpointSeconds,
        },
    };
}
