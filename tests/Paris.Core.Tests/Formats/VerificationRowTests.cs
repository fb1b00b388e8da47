using Paris.Core.Formats;
using Xunit;

namespace Paris.Core.Tests.Formats;

public sealed class VerificationRowTests
{
    [Fact]
    public void ReportsTheLargestDifference()
    {
        var row = VerificationRow.Compare("x", [1f, 2.5f], [1f, 2f], 0.1);
        Assert.Equal((0.5, 0.25, false), (row.MaxAbs, row.MaxRel, row.Pass));
        Assert.True(VerificationRow.Compare("x", [1.0, 2.5], [1.0, 2.0], 0.5).Pass);
        Assert.True(VerificationRow.Compare("x", [0f], [0f], 0).Pass);
    }

    [Fact]
    public void NaNAndMissingElementsNeverPass()
    {
        Assert.False(VerificationRow.Compare("x", [float.NaN], [1f], double.MaxValue).Pass);
        Assert.False(VerificationRow.Compare("x", [1f], [1f, 2f], double.MaxValue).Pass);
    }
}
