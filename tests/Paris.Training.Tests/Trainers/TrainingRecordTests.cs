using Paris.Core;
using Paris.Training.Trainers;
using Xunit;

namespace Paris.Training.Tests.Trainers;

public sealed class TrainingRecordTests
{
    private static readonly TrainingRecord _record = new()
    {
        Run = "demo",
        Job = "demo/expert/3",
        Step = 250,
        Epoch = 2,
        SpecHash = "ab",
        OptimizerStep = 248,
        SkippedSteps = [7, 90],
        GuardWindow = [0.1, 1.0 / 3, 1e-300],
        ConsecutiveRollbacks = 1,
        MicroBatches = 2,
        Threads = 1,
        Kernels = "avx512",
        Seconds = 12.5,
    };

    [Fact]
    public void It_survives_its_metadata_bit_by_bit()
    {
        var back = TrainingRecord.Parse(_record.ToMetadata());
        Assert.Equal(_record.SkippedSteps, back.SkippedSteps);
        Assert.Equal(_record.GuardWindow, back.GuardWindow);
        Assert.Equal(_record with { SkippedSteps = back.SkippedSteps, GuardWindow = back.GuardWindow }, back);
        Assert.Empty(TrainingRecord.Parse((_record with { SkippedSteps = [], GuardWindow = [] }).ToMetadata()).SkippedSteps);
    }

    [Fact]
    public void Foreign_metadata_is_refused()
    {
        var metadata = _record.ToMetadata();
        metadata["step"] = "many";
        Assert.Throws<ParisInputException>(() => TrainingRecord.Parse(metadata));
        metadata.Remove("step");
        Assert.Throws<ParisInputException>(() => TrainingRecord.Parse(metadata));
    }
}
