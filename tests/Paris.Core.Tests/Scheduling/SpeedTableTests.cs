using Paris.Core.Scheduling;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class SpeedTableTests
{
    private readonly SpeedTable _speeds = new();

    [Fact]
    public void NothingKnownIsNeutral()
    {
        Assert.Equal(_speeds.Estimate("h100", "a"), _speeds.Estimate("cpu", "a"));
        Assert.Null(_speeds.Measured("h100", "a"));
        Assert.Null(_speeds.Seconds("h100", new JobDemand(ResourceNeeds.None, "a", 100)));
    }

    [Fact]
    public void ReportsAreAveragedAndNonsenseIsIgnored()
    {
        _speeds.Learn("h100", "a", 100);
        _speeds.Learn("h100", "a", 200);
        Assert.Equal(120, _speeds.Measured("h100", "a"));
        foreach (var rate in (double[])[0, -1, double.NaN, double.PositiveInfinity])
        {
            _speeds.Learn("h100", "a", rate);
        }

        _speeds.Learn("h100", "", 1);
        Assert.Equal(120, _speeds.Measured("h100", "a"));
        for (var i = 0; i < 50; i++)
        {
            _speeds.Learn("h100", "a", 200);
        }

        Assert.Equal(200, _speeds.Measured("h100", "a")!.Value, 0.01);
    }

    [Fact]
    public void AClassThatWasFastOnOneShapeIsExpectedToBeFastOnAnother()
    {
        _speeds.Learn("h100", "a", 400);
        _speeds.Learn("t4", "a", 100);
        _speeds.Learn("t4", "b", 10);

        // The usual on a is 200: an H100 is twice, a T4 half as fast. b was only measured on a T4.
        Assert.Equal(20, _speeds.Estimate("h100", "b"), 6);
        Assert.True(_speeds.Estimate("h100", "c") > _speeds.Estimate("new", "c"));
        Assert.True(_speeds.Estimate("new", "c") > _speeds.Estimate("t4", "c"));
        Assert.Equal(200, _speeds.Estimate("new", "a"), 6);
        Assert.Equal(50, _speeds.Seconds("h100", new JobDemand(ResourceNeeds.None, "b", 1000))!.Value, 6);
    }
}
