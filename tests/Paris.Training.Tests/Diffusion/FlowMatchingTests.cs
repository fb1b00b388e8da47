using Paris.Training.Diffusion;
using Paris.Training.Optimization;
using Xunit;

namespace Paris.Training.Tests.Diffusion;

public sealed class FlowMatchingTests
{
    /// <summary>fixtures/training-golden: x_t, v and the models' time.</summary>
    [Fact]
    public void Golden()
    {
        var rows = OptimizationVerification.VerifyFlowMatching(Fixtures.Folder);
        Assert.All(rows, row => Assert.True(row.Pass, row.ToString()));
    }

    [Fact]
    public void The_ends_of_the_path_are_data_and_noise()
    {
        float[] x0 = [1, -2, 3], start = [0.5f, 0.25f, -1], xt = new float[3];
        FlowMatching.Interpolate(x0, (float[])start.Clone(), 0, xt);
        Assert.Equal(x0, xt);
        FlowMatching.Interpolate(x0, (float[])start.Clone(), 1, xt);
        Assert.Equal(start, xt);
    }

    [Theory]
    [InlineData(0.0, 0.3)]
    [InlineData(0.5, 0.65)]
    [InlineData(1.0, 1.0)]
    public void The_law_of_t_draws_the_share_of_high_noise(double share, double expectedAboveHigh)
    {
        var law = new TimeLaw(share);
        var key = new Core.Random.PhiloxKey(3, Core.Random.RandomPurpose.Time);
        var high = 0;
        const int Draws = 20_000;
        var pair = new float[2];
        for (var i = 0; i < Draws; i++)
        {
            key.ForSample(i).FillUniform(pair);
            var t = law.Draw(pair[0], pair[1]);
            Assert.InRange(t, 0, 1);
            high += t >= 0.7f ? 1 : 0;
        }

        Assert.Equal(expectedAboveHigh, (double)high / Draws, 0.015);
    }

    [Fact]
    public void Every_pass_shows_every_sample_once_in_another_order()
    {
        var sequence = new SampleSequence(new Core.Random.PhiloxKey(5, Core.Random.RandomPurpose.Order, 2), 101);
        var first = Enumerable.Range(0, 101).Select(i => sequence[i]).ToArray();
        var second = Enumerable.Range(101, 101).Select(i => sequence[i]).ToArray();
        Assert.Equal(Enumerable.Range(0, 101).Select(i => (long)i), first.Order());
        Assert.Equal(Enumerable.Range(0, 101).Select(i => (long)i), second.Order());
        Assert.NotEqual(first, second);

        // Any position can be asked for alone.
        Assert.Equal(first[7], sequence[7]);
    }
}
