using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Xunit;
using static Paris.Core.Tests.Scheduling.Slots;

namespace Paris.Core.Tests.Scheduling;

public sealed class ResourceNeedsTests
{
    private const long GiB = 1L << 30;

    [Fact]
    public void AllThatIsAskedMustHold()
    {
        var needs = new ResourceNeeds(40 * GiB, "a100", 8.0);
        Assert.True(needs.FitOn(A100));
        Assert.False(needs.FitOn(H100));
        Assert.False((needs with { MemoryBytes = 41 * GiB }).FitOn(A100));
        Assert.False((needs with { MinimumCompute = 8.6 }).FitOn(A100));
        Assert.False(needs.FitOn(SlotFacts.Unknown));
        Assert.True(ResourceNeeds.None.FitOn(SlotFacts.Unknown));
    }

    [Fact]
    public void AProcessorIsNoGpuWhateverItsName()
        => Assert.False(new ResourceNeeds(GpuModel: "epyc").FitOn(Cpu));

    [Fact]
    public void WhyNothingFitsIsSaid()
    {
        Assert.Equal("needs 40 GiB; the largest slot has 16 GiB", new ResourceNeeds(40 * GiB).Explain([T4, Cpu]));
        Assert.Equal("needs a GPU 'B200'; the slots are EPYC, Tesla T4", new ResourceNeeds(GpuModel: "B200").Explain([T4, T4, Cpu]));
        Assert.Equal("needs compute capability 8.0; the highest is 7.5", new ResourceNeeds(MinimumCompute: 8).Explain([T4, Cpu]));
        Assert.Equal("needs compute capability 8.0; no slot is a CUDA device", new ResourceNeeds(MinimumCompute: 8).Explain([Cpu]));
        Assert.Equal("needs 80 GiB and a GPU 'A100'; no single slot has all of it", new ResourceNeeds(80 * GiB, "A100").Explain([A100, H100]));
    }

    [Fact]
    public void ASpecSaysWhatItsJobsNeedAndBring()
    {
        var spec = new RunSpec
        {
            Name = "demo",
            Data = new DataSpec { Images = "images.gz" },
            Clustering = new ClusteringSpec { Clusters = 4 },
            Expert = new TrainerSpec { Model = new ModelSpec { Preset = "nano" }, Training = new OptimizationSpec { Steps = 10, Batch = 64 }, Resources = new ResourcesSpec { Memory = 1.5, GpuModel = "H100" } },
            Router = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
        }.Resolve();

        var expert = JobDemand.Of(spec, JobKind.TrainExpert);
        Assert.Equal((new ResourceNeeds(3 * GiB / 2, "H100"), 640.0, 64), (expert.Needs, expert.Samples, expert.SamplesPerStep));
        var twin = JobDemand.Of(spec, JobKind.TrainTwin);
        Assert.Equal((expert.Needs, 2560.0, 256), (twin.Needs, twin.Samples, twin.SamplesPerStep));
        Assert.NotEqual(expert.Shape, twin.Shape);
        Assert.Equal(expert.Needs, JobDemand.Of(spec, JobKind.Sample).Needs);
        Assert.Equal(ResourceNeeds.None, JobDemand.Of(spec, JobKind.TrainRouter).Needs);
        Assert.Equal(JobDemand.Any, JobDemand.Of(spec, JobKind.Ingest));
        Assert.Equal((7.0 * expert.SamplesPerStep, expert.Shape), (JobDemand.Of(spec, JobKind.TrainExpert, 7).Samples, JobDemand.Of(spec, JobKind.TrainExpert, 7).Shape));
        Assert.NotEqual(JobDemand.Of(spec, JobKind.TrainRouter).Shape, JobDemand.Of(spec, JobKind.TrainRouter, headOnly: true).Shape);
        Assert.Equal(expert.Shape, JobDemand.Of(spec with { Name = "other", Seed = 7 }, JobKind.TrainExpert).Shape);
        var mixed = spec with { Experts = [new OwnExpertSpec { Expert = 2, Batch = 16, Resources = new ResourcesSpec { Memory = 1 } }] };
        var own = JobDemand.Of(mixed, JobKind.TrainExpert, expert: 2);
        Assert.Equal((new ResourceNeeds(GiB), 160.0, 16), (own.Needs, own.Samples, own.SamplesPerStep));
        Assert.NotEqual(expert.Shape, own.Shape);
        Assert.Equal(expert, JobDemand.Of(mixed, JobKind.TrainExpert, expert: 1));
        Assert.Equal(6400, expert.SampleRate(100, "steps"));
        Assert.Equal(100, expert.SampleRate(100, "samples"));
    }
}
