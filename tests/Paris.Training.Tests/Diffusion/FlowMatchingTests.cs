using Paris.Training.Diffusion;
using Xunit;

namespace Paris.Training.Tests.Diffusion;

public sealed class FlowMatchingTests
{
    /// <summary>fixtures/training-golden: x_t, v and the models' time.</summary>
    [Fact]
    public void Golden()
    {
        using var file = Fixtures.Open("training-golden/step.safetensors");
        var (x0, epsilon, t) = (file.ToArray<float>("x0"), file.ToArray<float>("eps"), file.ToArray<float>("t"));
        var n = x0.Length / t.Length;
        var xt = new float[x0.Length];
        for (var i = 0; i < t.Length; i++)
        {
            FlowMatching.Interpolate(x0.AsSpan(i * n, n), epsilon.AsSpan(i * n, n), t[i], xt.AsSpan(i * n, n));
            Assert.Equal(file.View<float>("t_model")[i], FlowMatching.TimeScale * t[i]);
        }

        Assert.All(xt.Zip(file.ToArray<float>("x_t")), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
        Assert.All(epsilon.Zip(file.ToArray<float>("target")), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
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
