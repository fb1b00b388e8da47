using Paris.Core;
using Paris.Core.Specs;
using Paris.Training.Optimization;
using Xunit;

namespace Paris.Training.Tests.Optimization;

public sealed class ScheduleTests
{
    [Fact]
    public void Linear_rises_over_the_warm_up_and_falls_to_zero()
    {
        var spec = new OptimizationSpec { Steps = 1000, LearningRate = 2e-3, Warmup = 0.05, Schedule = "linear" };
        Assert.Equal(2e-3 / 50, Schedule.LearningRate(spec, 0), 1e-12);
        Assert.Equal(2e-3, Schedule.LearningRate(spec, 49), 1e-12);
        Assert.Equal(2e-3, Schedule.LearningRate(spec, 50), 1e-12);
        Assert.Equal(1e-3, Schedule.LearningRate(spec, 525), 1e-12);
        Assert.Equal(2e-3 / 950, Schedule.LearningRate(spec, 999), 1e-12);
        Assert.Equal(0, Schedule.LearningRate(spec, 1000), 1e-12);
    }

    [Fact]
    public void Cosine_halves_in_the_middle_and_constant_stays()
    {
        var cosine = new OptimizationSpec { Steps = 100, LearningRate = 1, Warmup = 0, Schedule = "cosine" };
        Assert.Equal(1, Schedule.LearningRate(cosine, 0), 1e-12);
        Assert.Equal(0.5, Schedule.LearningRate(cosine, 50), 1e-12);
        Assert.Equal(1, Schedule.LearningRate(cosine with { Schedule = "constant" }, 99), 1e-12);
    }

    [Fact]
    public void An_unknown_schedule_is_refused()
    {
        var error = Assert.Throws<ParisInputException>(() => Schedule.LearningRate(new OptimizationSpec { Warmup = 0, Schedule = "step" }, 0));
        Assert.Contains("constant, linear or cosine", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_average_forgets_its_start()
    {
        Assert.Equal(0.1, Schedule.AverageDecay(0.99, 0), 1e-12);
        Assert.Equal(101.0 / 110, Schedule.AverageDecay(0.99, 100), 1e-12);
        Assert.Equal(0.99, Schedule.AverageDecay(0.99, 10_000), 1e-12);
    }
}
