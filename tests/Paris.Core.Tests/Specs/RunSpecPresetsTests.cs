using Paris.Core.Specs;
using Paris.Core.Specs.Validation;
using Xunit;

namespace Paris.Core.Tests.Specs;

public sealed class RunSpecPresetsTests
{
    [Fact]
    public void ArePresentAndValid()
    {
        Assert.Equal(["demo", "emoji", "smoke"], RunSpecPresets.Names);
        foreach (var name in RunSpecPresets.Names)
        {
            var (spec, warnings) = RunSpecPresets.Load(name);
            Assert.Equal(name, spec.Name);
            Assert.Empty(warnings);
            Assert.Equal(spec, spec.Resolve());
        }

        Assert.Equal("There is no preset 'dmeo'; did you mean 'demo'? presets are demo, emoji, smoke.", Assert.Throws<ParisInputException>(() => RunSpecPresets.Load("dmeo")).Message);
    }

    /// <summary>The numbers that were measured to give recognisable pictures.</summary>
    [Fact]
    public void DemoHasTheMeasuredNumbers()
    {
        var spec = RunSpecPresets.Load("demo").Spec;
        Assert.Equal(new AutoencoderSpec
        {
            LatentChannels = 4,
            Width = 24,
            Training = new OptimizationSpec { Steps = 1250, Batch = 64, LearningRate = 3e-3, Warmup = 0.05, Schedule = "linear", Beta1 = 0.9, Beta2 = 0.99, EmaDecay = 0, CheckpointEvery = 500 },
        }, spec.Autoencoder);
        Assert.Equal(new ClusteringSpec { Dimension = 64, Clusters = 8, FineClusters = 256, Iterations = 12, Restarts = 5, Spherical = true }, spec.Clustering);
        Assert.Equal((128, 4, 4, 2, "none"), (spec.Expert.Model.Hidden, spec.Expert.Model.Layers, spec.Expert.Model.Heads, spec.Expert.Model.Patch, spec.Expert.Model.Condition));
        Assert.Equal(new OptimizationSpec { Steps = 1000, Batch = 32, LearningRate = 2e-3, Warmup = 0.05, Schedule = "linear", Beta1 = 0.9, Beta2 = 0.99, WeightDecay = 0, Clip = 1, EmaDecay = 0.99, CheckpointEvery = 250 }, spec.Expert.Training);
        Assert.Equal((64, 3, 4), (spec.Router.Model.Hidden, spec.Router.Model.Layers, spec.Router.Model.Heads));
        Assert.Equal(spec.Expert.Training with { Steps = 1500, Batch = 64, HighNoiseShare = 0.5, PreviewEvery = 0 }, spec.Router.Training);
        Assert.Equal(new SamplingSpec { Steps = 25, Grid = "uniform", GuidanceScale = 1 }, spec.Sampling);
        Assert.Equal((512, 64, 10_000), (spec.Evaluation.Images, spec.Evaluation.Grid, spec.Evaluation.Reference));
        Assert.Equal(10, spec.Data.Classes.Count);
        Assert.Equal((32, 1, false), (spec.Data.ImageSize, spec.Data.Channels, spec.Twin));
    }

    [Fact]
    public void OverridesComeBeforePresetsOfModels()
        => Assert.Equal(256, RunSpecPresets.Load("demo", ["expert.model.preset=mini"]).Spec.Expert.Model.Hidden);

    [Fact]
    public void SamplesAreCheckedOnceTheyAreCounted()
    {
        var spec = RunSpecPresets.Load("demo").Spec;
        RunSpecValidator.CheckSamples(spec, 256);
        Assert.Equal("'clustering.clusters' is 8, but the data has 5 samples; use at most as many clusters as samples.", Assert.Throws<ParisInputException>(() => RunSpecValidator.CheckSamples(spec, 5)).Message);
        Assert.Equal("'clustering.fineClusters' is 256, but the data has 255 samples; use at most as many as samples.", Assert.Throws<ParisInputException>(() => RunSpecValidator.CheckSamples(spec, 255)).Message);
    }

    [Fact]
    public void SpecificationsMadeInCodeAreCheckedToo()
    {
        var spec = RunSpecPresets.Load("demo").Spec;
        Assert.Empty(RunSpecValidator.Check(spec).Warnings);
        Assert.Equal(
            "The specification is not valid: 'clustering.clusters' is 0; it must be from 1 to 65535.",
            Assert.Throws<ParisInputException>(() => RunSpecValidator.Check(spec with { Clustering = spec.Clustering with { Clusters = 0 } })).Message);
        Assert.Throws<ParisInputException>(() => RunSpecValidator.Check(spec with { Sampling = spec.Sampling with { GuidanceScale = double.NaN } }));
    }
}
