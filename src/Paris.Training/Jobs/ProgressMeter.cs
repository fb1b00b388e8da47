namespace Paris.Training.Jobs;

/// <summary>Reports how far a job is, at most once a second, with the rate since its start.</summary>
internal sealed class ProgressMeter
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly JobContext _context;
    private readonly long _total;
    private readonly string _unit;
    private readonly long _start;
    private long _last;

    /// <summary>Announces the job's total and starts its clock.</summary>
    public ProgressMeter(JobContext context, long total, string unit)
    {
        (_context, _total, _unit) = (context, total, unit);
        _start = _last = context.Time.GetTimestamp();
        context.Reporter.Ready(0, total);
    }

    /// <summary>Seconds since the start.</summary>
    public double Seconds => _context.Time.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Says how much is done; the end is always reported.</summary>
    public void Report(long done)
    {
        if (done < _total && _context.Time.GetElapsedTime(_last) < Period)
        {
            return;
        }

        _last = _context.Time.GetTimestamp();
        _context.Reporter.Progress(done, _total, done / Math.Max(1e-9, Seconds), _unit);
    }
}
