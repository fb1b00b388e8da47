using Paris.Core;
using Paris.Core.Specs;
using Paris.Training.Sampling;
using Xunit;

namespace Paris.Training.Tests.Sampling;

public sealed class RoutingStrategyTests
{
    private static readonly float[] _p = [0.1f, 0.4f, 0.04f, 0.3f, 0.16f];

    private static float[] Route(string name, float t = 0.5f, int cluster = -1, float[]? p = null, Func<int, double>? uniform = null, int topK = 3)
    {
        var weights = new float[(p ?? _p).Length];
        RoutingStrategy.Create(name, topK).Route(t, p ?? _p, cluster, uniform ?? (_ => 0.5), weights);
        return weights;
    }

    [Fact]
    public void TopOneTakesTheMostProbableExpertWhole() => Assert.Equal([0, 1, 0, 0, 0], Route("top-1"));

    [Fact]
    public void TopTwoRenormalises()
    {
        var weights = Route("top-2");
        Assert.Equal(0.4 / 0.7, weights[1], 6);
        Assert.Equal(0.3 / 0.7, weights[3], 6);
        Assert.Equal(1, weights.Sum(), 6);
        Assert.Equal(2, weights.Count(w => w > 0));
    }

    [Fact]
    public void ATieGoesToTheLowerIndex() => Assert.Equal([1, 0, 0], Route("top-1", p: [0.4f, 0.4f, 0.2f]));

    [Fact]
    public void ThresholdDropsTheImprobable()
    {
        var weights = Route("threshold");
        Assert.Equal(0, weights[2]);
        Assert.Equal(4, weights.Count(w => w > 0));
        Assert.Equal(0.4 / 0.96, weights[1], 6);
    }

    [Fact]
    public void ThresholdKeepsTheBestWhenAllAreImprobable()
    {
        var weights = new float[3];
        RoutingStrategy.Create("threshold", threshold: 0.9).Route(0.5f, [0.2f, 0.5f, 0.3f], -1, _ => 0, weights);
        Assert.Equal([0, 1, 0], weights);
    }

    [Fact]
    public void NucleusStopsOnceItsMassIsReached()
    {
        var weights = new float[5];
        RoutingStrategy.Create("nucleus", nucleus: 0.7).Route(0.5f, _p, -1, _ => 0, weights);
        Assert.Equal([1, 3], Enumerable.Range(0, 5).Where(k => weights[k] > 0));
    }

    [Fact]
    public void FullKeepsTheSoftmaxAndDropsTheNegligible() =>
        Assert.Equal([0.6f, 0.4f, 0], Route("full", p: [0.6f, 0.4f, 1e-7f]));

    [Theory]
    [InlineData("cluster-first", 0.95f)]
    [InlineData("cluster-first", 0.1f)]
    [InlineData("oracle", 0.1f)]
    [InlineData("sticky", 0.95f)]
    public void AGivenClusterRunsAlone(string name, float t) => Assert.Equal([0, 0, 1, 0, 0], Route(name, t, cluster: 2));

    [Fact]
    public void StickyFollowsTheRouterAtLowNoise() => Assert.Equal([0, 1, 0, 0, 0], Route("sticky", t: 0.8f, cluster: 2));

    [Fact]
    public void SampleKDrawsWithTheRoutersProbabilities()
    {
        var counts = new int[5];
        const int Draws = 20_000;
        for (var i = 0; i < Draws; i++)
        {
            var u = (i + 0.5) / Draws;
            var weights = Route("sample-k", uniform: _ => u, topK: 1);
            counts[Array.IndexOf(weights, 1f)]++;
        }

        for (var k = 0; k < 5; k++)
        {
            Assert.Equal(_p[k], counts[k] / (double)Draws, 3);
        }
    }

    [Fact]
    public void SampleKNeverDrawsAnExpertTwice()
    {
        var weights = Route("sample-k", uniform: i => i * 0.37 % 1, topK: 4);
        Assert.Equal(4, weights.Count(w => w > 0));
        Assert.Equal(1, weights.Sum(), 5);
    }

    [Fact]
    public void EveryNameIsKnownAndOthersAreRefused()
    {
        foreach (var name in StrategyNames.Routed)
        {
            Assert.Equal(name, RoutingStrategy.Create(name).Name);
        }

        var error = Assert.Throws<ParisInputException>(() => RoutingStrategy.Create("top-9"));
        Assert.Contains("cluster-first", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheUniformGridEndsAtZero()
    {
        var times = TimeGrid.Create("uniform", 4);
        Assert.Equal([1f, 0.75f, 0.5f, 0.25f, 0f], times);
    }
}
