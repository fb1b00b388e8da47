using Paris.Training.Optimization;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using AdamW = Paris.Training.Optimization.AdamW;

namespace Paris.Training.Tests.Optimization;

public sealed class AdamWTests
{
    /// <summary>fixtures/optim: 25 steps with clipping and average, in one pass and as tensor operations, in one segment and in several.</summary>
    [Theory]
    [InlineData(true, 1L << 28)]
    [InlineData(false, 1L << 28)]
    [InlineData(true, 50)]
    [InlineData(false, 50)]
    public void Golden(bool fused, long segmentElements)
    {
        using var file = Fixtures.Open("optim/adamw.safetensors");
        var rows = OptimizationVerification.Verify(file, fused, segmentElements).ToList();
        Assert.Equal(9, rows.Count);
        Assert.All(rows, row => Assert.True(row.Pass, row.ToString()));
    }

    [Fact]
    public void Parameters_and_gradients_stay_views_over_several_rounds()
    {
        using var weight = new Parameter(ones(4, 3));
        using var flat = FlatParameters.Attach([("weight", weight)], average: false);
        var optimizer = new AdamW(flat, new AdamWSettings { Clip = 0 });
        using var input = ones(3, 1);
        for (var round = 0; round < 3; round++)
        {
            using var scope = NewDisposeScope();
            weight.mm(input).sum().backward();
            Assert.Equal(Math.Sqrt(12), optimizer.GradientNorm(), 1e-6);
            optimizer.Update(Math.Sqrt(12), 0.1, 0);
            Assert.Equal(0, optimizer.GradientNorm());
        }

        // Adam's first steps under an equal gradient are lr each.
        Assert.All(weight.detach().view(-1).data<float>().ToArray(), w => Assert.Equal(0.7f, w, 1e-4f));
    }

    /// <summary>Lengths around the vector width: the tail is computed as the body.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(4099)]
    public void One_pass_equals_the_formula(int n)
    {
        var random = new Core.Random.PhiloxKey(7, Core.Random.RandomPurpose.Simulation);
        var w = new float[n];
        var g = new float[n];
        random.ForSample(0).FillNormal(w);
        random.ForSample(1).FillNormal(g);
        var (m, v, ema) = (new float[n], new float[n], (float[])w.Clone());
        var (w0, g0) = ((float[])w.Clone(), (float[])g.Clone());
        Assert.Equal(g.Sum(x => (double)x * x), FusedUpdate.SumOfSquares(g), 1e-3 * n);
        FusedUpdate.Apply(w, g, m, v, ema, new FusedUpdate.Coefficients(new AdamWSettings { WeightDecay = 0.1 }, 1, 0.01, 0.5, 0.25));
        for (var i = 0; i < n; i++)
        {
            var gradient = 0.25 * g0[i];
            var expected = (w0[i] * (1 - 0.001)) - (0.01 * gradient / (Math.Abs(gradient) + 1e-8));
            Assert.Equal(expected, w[i], 1e-5);
            Assert.Equal((w0[i] + expected) / 2, ema[i], 1e-5);
            Assert.Equal(0, g[i]);
        }
    }

    [Fact]
    public void A_gradient_that_is_no_number_makes_the_norm_none()
    {
        var g = new float[100];
        g[99] = float.NaN;
        Assert.True(double.IsNaN(FusedUpdate.SumOfSquares(g)));
        g[99] = 0;
        g[3] = float.PositiveInfinity;
        Assert.False(double.IsFinite(FusedUpdate.SumOfSquares(g)));
    }
}
