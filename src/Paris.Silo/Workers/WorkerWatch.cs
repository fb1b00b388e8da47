using System.Globalization;

namespace Paris.Silo.Workers;

/// <summary>
/// Judges one worker by its events alone: straggling when a step is much longer than its usual ones, hung when no event comes for too long.
/// Any event is a sign of life, those of a long upload too. Not thread-safe.
/// </summary>
public sealed class WorkerWatch
{
    /// <summary>Measurements that the usual step is the median of.</summary>
    private const int Window = 64;

    /// <summary>Measurements needed before a step can be told from the usual; the first steps are slow by nature.</summary>
    private const int Warmup = 5;

    /// <summary>Workers tell their progress once a second.</summary>
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);

    private readonly WatchdogSettings _settings;
    private readonly TimeProvider _time;
    private readonly Queue<double> _seconds = new(Window);
    private long _heardAt;
    private bool _stepping;
    private string _slow = "";

    public WorkerWatch(WatchdogSettings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        _heardAt = time.GetTimestamp();
    }

    /// <summary>Why the worker is straggling, for people; empty while it is not.</summary>
    public string Straggling { get; private set; } = "";

    /// <summary>The median step, seconds; 0 before there are enough.</summary>
    public double Usual { get; private set; }

    /// <summary>An event came.</summary>
    public void Hear(WorkerEvent? message)
    {
        _heardAt = _time.GetTimestamp();
        switch (message)
        {
            case MetricEvent { Name: "step-seconds" } metric:
                Measure(metric.Value, metric.Step);
                Straggling = _slow;
                break;
            case ProgressEvent progress:
                // After its last step a training uploads and measures, without steps.
                _stepping = progress.Step < progress.Total;
                break;
        }
    }

    /// <summary>Looks at the clock; why the worker counts as hung, null while it does not.</summary>
    public string? Check()
    {
        var silent = _time.GetElapsedTime(_heardAt);
        var between = _stepping && Usual > 0;
        if (between && silent - _period > Longer(_settings.StragglerFloor, _settings.StragglerFactor))
        {
            Straggling = string.Create(CultureInfo.InvariantCulture, $"straggling: no step for {silent.TotalSeconds:0} s, usually {Usual:G3} s");
        }

        var limit = between && _settings.HangAfter > TimeSpan.Zero ? Longer(_settings.HangAfter, _settings.HangFactor) : between ? TimeSpan.Zero : _settings.QuietAfter;
        return limit > TimeSpan.Zero && silent > limit
            ? string.Create(CultureInfo.InvariantCulture, $"hung: no event for {silent.TotalSeconds:0} s, more than the {limit.TotalSeconds:0} s that are waited for {(between ? "between steps" : "before, after and without steps")}")
            : null;
    }

    private void Measure(double seconds, long step)
    {
        _slow = Usual > 0 && seconds > _settings.StragglerFactor * Usual
            ? string.Create(CultureInfo.InvariantCulture, $"straggling: {seconds:G3} s a step at step {step}, usually {Usual:G3} s")
            : "";
        if (_seconds.Count == Window)
        {
            _seconds.Dequeue();
        }

        _seconds.Enqueue(seconds);
        if (_seconds.Count >= Warmup)
        {
            // Slow ones count too: what stays slow becomes the usual.
            Usual = _seconds.Order().ElementAt(_seconds.Count / 2);
        }
    }

    private TimeSpan Longer(TimeSpan floor, double factor) => TimeSpan.FromSeconds(Math.Max(floor.TotalSeconds, factor * Usual));
}
