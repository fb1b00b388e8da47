using Paris.Core;
using Paris.Core.Jobs;
using Paris.Silo.Workers;
using Xunit;

namespace Paris.Silo.Tests.Workers;

/// <summary>Slow and hung, told apart from first steps, uploads and the end of a training; on a clock that the test moves.</summary>
public sealed class WorkerWatchTests
{
    private readonly Clock _time = new();
    private readonly WorkerWatch _watch;

    public WorkerWatchTests() => _watch = new WorkerWatch(new WatchdogSettings(), _time);

    [Fact]
    public void A_step_much_longer_than_the_median_straggles_until_steps_are_usual_again()
    {
        Train(steps: 10, seconds: 2);
        Assert.Equal(2, _watch.Usual);
        _time.Advance(20);
        Assert.Null(_watch.Check());
        Assert.Equal("", _watch.Straggling);

        // Under way for longer than 10 usual steps, and the second that reports lag.
        _time.Advance(2);
        Assert.Null(_watch.Check());
        Assert.Equal("straggling: no step for 22 s, usually 2 s", _watch.Straggling);

        // Done at last: still told, as what it took.
        Step(11, 30);
        Assert.Equal("straggling: 30 s a step at step 11, usually 2 s", _watch.Straggling);
        Step(12, 2);
        Assert.Equal("", _watch.Straggling);
    }

    [Fact]
    public void Short_steps_straggle_by_what_they_took_and_not_by_a_pause()
    {
        Train(steps: 10, seconds: 0.005);

        // A preview, or another program: 2000 usual steps, and no alarm.
        _time.Advance(10);
        Assert.Null(_watch.Check());
        Assert.Equal("", _watch.Straggling);
        Step(1000, 0.06);
        Assert.Equal("straggling: 0.06 s a step at step 1000, usually 0.005 s", _watch.Straggling);

        // What stays slow becomes the usual.
        Train(steps: 64, seconds: 0.06, first: 1001);
        Assert.Equal("", _watch.Straggling);
    }

    [Fact]
    public void A_silence_between_steps_is_a_hang()
    {
        Train(steps: 10, seconds: 2);
        _time.Advance(119);
        Assert.Null(_watch.Check());
        _time.Advance(2);
        Assert.Equal("hung: no event for 121 s, more than the 120 s that are waited for between steps", _watch.Check());
    }

    [Fact]
    public void Long_steps_have_longer_silences()
    {
        Train(steps: 10, seconds: 60);
        _time.Advance(19 * 60);
        Assert.Null(_watch.Check());
        _time.Advance(61);
        Assert.StartsWith("hung: no event for 1201 s, more than the 1200 s", _watch.Check());
    }

    [Fact]
    public void First_steps_the_end_and_jobs_without_steps_are_given_more_time()
    {
        // Loading, and a first step of minutes.
        _time.Advance(600);
        _watch.Hear(new ReadyEvent(1, 1, 0, 10, 1));
        _time.Advance(600);
        Assert.Null(_watch.Check());
        Step(1, 600);
        _time.Advance(600);
        Assert.Null(_watch.Check());
        Assert.Equal("", _watch.Straggling);

        // After the last step: the model's upload and its measurement.
        Train(steps: 9, seconds: 1, first: 2);
        _watch.Hear(new ProgressEvent(10, 10, 1, "samples"));
        _time.Advance(899);
        Assert.Null(_watch.Check());
        Assert.Equal("", _watch.Straggling);
        _time.Advance(2);
        Assert.Equal("hung: no event for 901 s, more than the 900 s that are waited for before, after and without steps", _watch.Check());
    }

    [Fact]
    public void Signs_of_life_of_an_upload_are_no_silence()
    {
        Train(steps: 10, seconds: 1);
        for (var i = 0; i < 100; i++)
        {
            _time.Advance(6);
            _watch.Hear(new MetricEvent("checkpoint-upload-bytes", i, 10));
            Assert.Null(_watch.Check());
        }
    }

    [Fact]
    public void Zero_switches_a_limit_off()
    {
        var watch = new WorkerWatch(new WatchdogSettings { HangAfter = TimeSpan.Zero, QuietAfter = TimeSpan.Zero }, _time);
        _time.Advance(1e6);
        Assert.Null(watch.Check());
        for (var step = 1; step < 10; step++)
        {
            watch.Hear(new ProgressEvent(step, 100, 1, "samples"));
            watch.Hear(new MetricEvent("step-seconds", 1, step));
        }

        _time.Advance(1e6);
        Assert.Null(watch.Check());
    }

    [Fact]
    public void Settings_that_cannot_work_are_refused()
    {
        Assert.Contains("StragglerFactor", Assert.Throws<ParisInputException>(() => new SiloSettings { Watchdog = new WatchdogSettings { StragglerFactor = 1 } }.Validate()).Message);
        Assert.Contains("HangAfter", Assert.Throws<ParisInputException>(() => new SiloSettings { Watchdog = new WatchdogSettings { HangAfter = TimeSpan.FromSeconds(-1) } }.Validate()).Message);
    }

    private void Train(int steps, double seconds, long first = 1)
    {
        for (var step = first; step < first + steps; step++)
        {
            Step(step, seconds);
        }
    }

    private void Step(long step, double seconds)
    {
        _watch.Hear(new ProgressEvent(step, 1_000_000, 1, "samples"));
        _watch.Hear(new MetricEvent("step-seconds", seconds, step));
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(double seconds) => _ticks += TimeSpan.FromSeconds(seconds).Ticks;
    }
}
