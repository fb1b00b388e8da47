using Paris.Training.Jobs;

namespace Paris.Training.Trainers;

/// <summary>Turns steps into progress and metrics, at most once a second.</summary>
internal sealed class StepMeter(JobContext context, string unit, int batchSize, long total)
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);

    /// <summary>Weight of the past in the smoothed loss.</summary>
    private const double Smoothing = 0.95;

    private const double StragglingFactor = 10;

    private long _since = context.Time.GetTimestamp();
    private long _steps;
    private double _seconds;
    private double _waited;
    private double _smoothed = double.NaN;
    private double _usual;

    /// <summary>Counts a finished step; <paramref name="step"/> is the number of steps done.</summary>
    public void Step(long step, double loss, double gradientNorm, double seconds, double waited)
    {
        _steps++;
        _seconds += seconds;
        _waited += waited;
        _smoothed = double.IsNaN(_smoothed) ? loss : (Smoothing * _smoothed) + ((1 - Smoothing) * loss);
        if (_usual > 0 && seconds > StragglingFactor * _usual)
        {
            context.Reporter.Log($"Straggling: step {step} took {seconds:G3} s, usually {_usual:G3} s.");
        }

        _usual = _usual == 0 ? seconds : (Smoothing * _usual) + ((1 - Smoothing) * Math.Min(seconds, 3 * _usual));

        var elapsed = context.Time.GetElapsedTime(_since);
        if (elapsed < _period && step < total)
        {
            return;
        }

        var rate = _steps * batchSize / elapsed.TotalSeconds;
        context.Reporter.Progress(step, total, rate, unit);
        context.Reporter.Metric("loss", _smoothed, step);
        context.Reporter.Metric("loss-raw", loss, step);
        context.Reporter.Metric("gradient-norm", gradientNorm, step);
        context.Reporter.Metric("step-seconds", _seconds / _steps, step);
        context.Reporter.Metric("images-per-second", rate, step);
        context.Reporter.Metric("loader-wait-seconds", _waited, step);
        _since = context.Time.GetTimestamp();
        (_steps, _seconds, _waited) = (0, 0, 0);
    }
}
