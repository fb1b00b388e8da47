using Paris.Core.Rest;

namespace Paris.Cli.Chaos;

/// <summary>
/// Steps that count ÷ steps that an undisturbed cluster would have done: each job's speed is measured before the first fault; a step done
/// twice counts once.
/// </summary>
internal sealed class Goodput
{
    private readonly Dictionary<string, Line> _jobs = new(StringComparer.Ordinal);
    private TimeSpan _start;

    /// <summary>Steps a second of all measured jobs before the first fault.</summary>
    public double Undisturbed => _jobs.Values.Sum(x => x.Rate);

    /// <summary>Steps since the faults began.</summary>
    public long Steps => _jobs.Values.Sum(x => Math.Max(0, x.Now - x.Start));

    /// <summary>Takes the running jobs' steps before the baseline.</summary>
    public void Begin(IEnumerable<JobView> jobs)
    {
        _jobs.Clear();
        foreach (var job in jobs.Where(x => x is { State: "running", Total: > 0 }))
        {
            _jobs[job.Key] = new Line { Start = job.Step, Now = job.Step, Total = job.Total };
        }
    }

    /// <summary>Ends the baseline after <paramref name="wall"/>: jobs that moved have a speed, the others are left out. The faults begin at <paramref name="start"/>.</summary>
    public void Measure(TimeSpan wall, TimeSpan start, IEnumerable<JobView> jobs)
    {
        See(jobs);
        _start = start;
        foreach (var (key, line) in _jobs.ToArray())
        {
            line.Rate = (line.Now - line.Start) / wall.TotalSeconds;
            line.Start = line.Now;
            if (line.Rate <= 0)
            {
                _jobs.Remove(key);
            }
        }
    }

    public void See(IEnumerable<JobView> jobs)
    {
        foreach (var job in jobs)
        {
            if (_jobs.TryGetValue(job.Key, out var line))
            {
                line.Now = job.State == "completed" ? line.Total : job.Step;
            }
        }
    }

    /// <summary>The share at <paramref name="now"/>; null when nothing was measured.</summary>
    public double? At(TimeSpan now)
    {
        var wall = (now - _start).TotalSeconds;
        var expected = _jobs.Values.Sum(x => Math.Min(x.Rate * wall, x.Total - x.Start));
        return expected > 0 ? Steps / expected : null;
    }

    private sealed class Line
    {
        public long Start { get; set; }

        public long Now { get; set; }

        public long Total { get; init; }

        public double Rate { get; set; }
    }
}
