namespace Paris.Gateway.Tests.Runs;

public sealed class PhasesTests
{
    [Fact]
    public void A_phase_sums_its_jobs_up()
    {
        var phase = Views.Demo().Phases.Single(p => p.Kind == "expert");

        Assert.Equal(2, phase.Jobs);
        Assert.Equal(1, phase.Running);
        Assert.Equal(0.25, phase.Fraction);
        Assert.Equal(410, phase.Rate);
        Assert.Equal("samples", phase.Unit);
    }

    [Fact]
    public void Time_left_counts_the_jobs_that_wait_for_the_same_workers()
    {
        // Half a job in 40 s by one worker: one and a half jobs take 120 s.
        Assert.Equal(120, Views.Demo().Phases.Single(p => p.Kind == "expert").SecondsLeft!.Value, 6);
    }

    [Fact]
    public void Nothing_running_has_no_time_left()
        => Assert.Null(Views.Demo().Phases.Single(p => p.Kind == "router").SecondsLeft);
}
