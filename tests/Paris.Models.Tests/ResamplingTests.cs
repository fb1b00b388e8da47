using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests;

public sealed class ResamplingTests
{
    [Theory]
    [InlineData(4, 4)]
    [InlineData(5, 13)]
    [InlineData(16, 7)]
    public void Weights_of_a_row_add_up_to_one(int size, int target)
    {
        foreach (var weights in new[] { Resampling.Bicubic(size, target, (double)size / target), Resampling.BicubicAntialiased(size, target), Resampling.Bilinear(size, target) })
        {
            Assert.All(weights.Chunk(size), row => Assert.Equal(1, row.Sum(), 1e-6));
        }
    }

    [Fact]
    public void The_same_size_changes_nothing()
    {
        foreach (var weights in new[] { Resampling.Bicubic(6, 6, 1), Resampling.BicubicAntialiased(6, 6), Resampling.Bilinear(6, 6) })
        {
            Assert.All(weights.Chunk(6).Select((row, i) => row[i]), w => Assert.Equal(1, w, 1e-7));
        }
    }

    [Fact]
    public void Linear_interpolation_keeps_a_ramp_between_the_outer_centres()
    {
        using var scope = NewDisposeScope();
        var ramp = arange(4, float32).view(1, 4).expand(3, 4).contiguous();
        var doubled = Resampling.Apply(ramp, Resampling.Bilinear(3, 3), Resampling.Bilinear(4, 8)).contiguous();
        Assert.Equal([3L, 8], doubled.shape);
        Assert.Equal([0, 0.25f, 0.75f, 1.25f, 1.75f, 2.25f, 2.75f, 3], doubled[1].data<float>().ToArray());
    }

    [Fact]
    public void Rows_and_columns_are_resampled_by_their_own_weights()
    {
        using var scope = NewDisposeScope();
        var x = arange(2 * 3 * 5, float32).view(2, 3, 5);
        var smaller = Resampling.Apply(x, Resampling.Bilinear(3, 1), Resampling.Bilinear(5, 1)).contiguous();
        Assert.Equal([2L, 1, 1], smaller.shape);
        Assert.Equal([7f, 22], smaller.view(-1).data<float>().ToArray());
    }
}
