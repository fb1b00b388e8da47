using Paris.Training.Trainers;
using Xunit;

namespace Paris.Training.Tests.Trainers;

public sealed class LossGuardTests
{
    [Theory]
    [InlineData(double.NaN, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    [InlineData(1, double.NaN)]
    public void What_is_not_finite_is_refused_at_once(double loss, double norm) => Assert.NotNull(new LossGuard().Reject(loss, norm));

    [Fact]
    public void A_spike_is_told_only_against_a_window()
    {
        var guard = new LossGuard();
        Assert.Null(guard.Reject(1e9, 1));
        for (var i = 0; i < 100; i++)
        {
            guard.Accept(1 + (0.1 * Math.Sin(i)));
        }

        Assert.Null(guard.Reject(1.4, 1));
        Assert.Contains("above", guard.Reject(50, 1), StringComparison.Ordinal);

        // A flat curve has no deviation at all; half the median is the least that alarms.
        var flat = new LossGuard();
        flat.Restore(Enumerable.Repeat(2.0, 128));
        Assert.Null(flat.Reject(2.9, 1));
        Assert.NotNull(flat.Reject(3.1, 1));
    }

    [Fact]
    public void The_window_is_bounded_and_restored()
    {
        var guard = new LossGuard();
        for (var i = 0; i < 300; i++)
        {
            guard.Accept(i);
        }

        Assert.Equal(LossGuard.Window, guard.Losses.Count);
        Assert.Equal(299, guard.Losses[^1]);
        var copy = new LossGuard();
        copy.Restore(guard.Losses);
        Assert.Equal(guard.Losses, copy.Losses);
    }
}
