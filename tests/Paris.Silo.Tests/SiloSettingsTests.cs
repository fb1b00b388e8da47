using Paris.Core;
using Paris.Silo.Devices;
using Xunit;

namespace Paris.Silo.Tests;

public sealed class SiloSettingsTests
{
    [Fact]
    public void ZeroSlotsOnADeviceSiloIsRefusedWithOneSentence()
    {
        var refused = Assert.Throws<ParisInputException>(() => new SiloSettings { Slots = 0 }.Validate());
        Assert.Equal("The silo has 0 slots; a device silo needs at least 1, a silo without slots has the role 'control'.", refused.Message);
        Assert.Empty(new SlotDetector(new SiloSettings { Slots = 0, Role = "control" }.Validate(), () => null).Detect());
    }

    [Theory]
    [InlineData("0.0.0.0", false)]
    [InlineData("localhost", true)]
    public void ListeningOffTheMachineNeedsConsent(string listen, bool consent)
    {
        Assert.Throws<ParisInputException>(() => new SiloSettings { Listen = listen, AllowPlaintext = consent }.Validate());
        Assert.Equal("0.0.0.0", new SiloSettings { Listen = "0.0.0.0", AdvertisedAddress = "10.0.0.5", AllowPlaintext = true }.Validate().Listen);
        Assert.Equal("10.0.0.5", new SiloSettings { Listen = "10.0.0.5" }.Validate(encrypted: true).Listen);
    }

    [Fact]
    public void ASiloThatOthersReachReadsOnlyConfiguredFolders()
    {
        Assert.Null(new SiloSettings().AllowedSources);
        Assert.Equal(["/data"], new SiloSettings { SourceRoots = ["/data"] }.AllowedSources);
        Assert.Empty(new SiloSettings { Listen = "10.0.0.5" }.AllowedSources!);
        Assert.Equal(["/data"], new SiloSettings { Listen = "10.0.0.5", SourceRoots = ["/data"] }.AllowedSources);
    }

    [Fact]
    public void EveryGpuIsASlotByItsUuid()
    {
        var detector = new SlotDetector(new SiloSettings(), () => "GPU-aa, NVIDIA H100, 81559\nGPU-bb, NVIDIA H100, 81559\n");
        var slots = detector.Detect();
        Assert.Equal([("gpu-0", "NVIDIA H100", "GPU-aa"), ("gpu-1", "NVIDIA H100", "GPU-bb")], slots.Select(x => (x.Id, x.Device, x.Environment["CUDA_VISIBLE_DEVICES"])));
    }

    [Fact]
    public void WithoutGpusTheProcessorsAreShared()
    {
        var slots = new SlotDetector(new SiloSettings { Slots = 3, Threads = 2 }, () => null).Detect();
        Assert.Equal(["cpu-0", "cpu-1", "cpu-2"], slots.Select(x => x.Id));
        Assert.All(slots, x => Assert.Equal(("2", "2", ""), (x.Environment["OMP_NUM_THREADS"], x.Environment["OPENBLAS_NUM_THREADS"], x.Environment["CUDA_VISIBLE_DEVICES"])));
        Assert.Equal(Environment.ProcessorCount, new SlotDetector(new SiloSettings(), () => null).Detect().Count);
    }
}
