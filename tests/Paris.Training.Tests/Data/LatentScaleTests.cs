using Paris.Core;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class LatentScaleTests
{
    [Fact]
    public void Metadata_and_values_round_trip()
    {
        var scale = new LatentScale([0.1f, -2.5e-7f], [1.5f, 0.25f]);
        var metadata = new Dictionary<string, string>();
        scale.AddTo(metadata);

        var read = LatentScale.Parse(metadata, "model");
        float[] latents = [0.1f, 1.6f, 0, 1, 0.1f, 1.6f, 0, 1]; // [2, 2, 1, 2]
        read.Standardise(latents, area: 2);

        Assert.Equal(scale.Mean, read.Mean);
        Assert.Equal(scale.Std, read.Std);
        Assert.Equal([0, 1, 1e-6f, 4.000001f, 0, 1, 1e-6f, 4.000001f], latents.Select(value => MathF.Round(value, 6)));
        read.Restore(latents, area: 2);
        Assert.Equal(1.6f, latents[5], 1e-6f);
        Assert.Equal(1f, latents[7], 1e-6f);
    }

    [Theory]
    [InlineData(null, "1")]
    [InlineData("0", null)]
    [InlineData("0", "0")]
    [InlineData("0,1", "1")]
    [InlineData("zero", "1")]
    [InlineData("NaN", "1")]
    public void Bad_metadata_is_refused(string? mean, string? std)
    {
        var metadata = new Dictionary<string, string>();
        if (mean is not null)
        {
            metadata[LatentScale.MeanKey] = mean;
        }

        if (std is not null)
        {
            metadata[LatentScale.StdKey] = std;
        }

        Assert.Throws<ParisInputException>(() => LatentScale.Parse(metadata, "model"));
    }
}
