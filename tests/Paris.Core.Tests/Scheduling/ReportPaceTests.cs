using Paris.Core.Scheduling;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class ReportPaceTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    [InlineData(8, 2)]
    [InlineData(12, 3)]
    [InlineData(1000, 3)]
    public void ManyWorkersOfOneSiloReportMoreRarely(int workers, double seconds)
        => Assert.Equal(TimeSpan.FromSeconds(seconds), ReportPace.Between(workers));
}
