using Paris.Core.Scheduling;
using Paris.Silo.Devices;
using Xunit;

namespace Paris.Silo.Tests;

public sealed class SlotDetectorTests
{
    private const long GiB = 1L << 30;
    private const string TwoGpus = "GPU-aaa, NVIDIA A100-SXM4-40GB, 40960, 8.0\nGPU-bbb, Tesla T4, 16384, 7.5\n";

    [Fact]
    public void AGpuIsASlotWithItsFacts()
    {
        var slots = Detect(TwoGpus);
        Assert.Equal(["gpu-0", "gpu-1"], slots.Select(x => x.Id));
        Assert.Equal(new SlotFacts(true, "NVIDIA A100-SXM4-40GB", 40 * GiB, 8.0, 2), slots[0].Facts);
        Assert.Equal(("GPU-bbb", "Tesla T4", 7.5), (slots[1].Environment["CUDA_VISIBLE_DEVICES"], slots[1].Device, slots[1].Facts.Compute));
    }

    [Fact]
    public void SlotsThatShareAGpuShareItsMemory()
        => Assert.Equal([20 * GiB, 16 * GiB, 20 * GiB], Detect(TwoGpus, 3).Select(x => x.Facts.MemoryBytes));

    [Fact]
    public void WhatADriverDoesNotKnowIsUnknown()
    {
        var slots = Detect("GPU-aaa, NVIDIA GB10, [N/A], 12.1\nGPU-bbb, Old Card, 8192\nno gpu at all\n");
        Assert.Equal([(0L, 12.1), (8 * GiB, 0.0)], slots.Select(x => (x.Facts.MemoryBytes, x.Facts.Compute)));
    }

    [Fact]
    public void WithoutAGpuTheCpuIsShared()
    {
        var slots = Detect(null, 4);
        Assert.Equal(4, slots.Count);
        Assert.All(slots, x => Assert.Equal(new SlotFacts(false, "EPYC", 16 * GiB, 0, 2), x.Facts));
        Assert.All(slots, x => Assert.Equal("", x.Environment["CUDA_VISIBLE_DEVICES"]));
        Assert.True(HostFacts.Detect() is { Model.Length: > 0, MemoryBytes: > 0 });
    }

    private static IReadOnlyList<SlotDefinition> Detect(string? gpus, int? slots = null) =>
        new SlotDetector(new SiloSettings { Slots = slots, Threads = 2 }, () => gpus, () => new HostFacts("EPYC", 64 * GiB)).Detect();
}
