using Paris.Core;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Data;

public sealed class LatentScaleTests
{
    [Fact]
    public void Metadata_round_trips()
    {
        var scale = new LatentScale([0.1f, -2.5e-7f], [1.5f, 0.25f]);
        var metadata = new Dictionary<string, string>();
        scale.AddTo(metadata);

        var read = LatentScale.Parse(metadata, "model");

        Assert.Equal(scale.Mean, read.Mean);
        Assert.Equal(scale.Std, read.Std);
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
