using Paris.Core.Rest;

namespace Paris.Cli.Output;

/// <summary>One line for each thing that happened and one about every ten seconds: for logs and pipes.</summary>
internal sealed class PlainDisplay(TextWriter output, TimeProvider time) : IRunDisplay
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (string State, int Epoch)> _known = [];
    private long _lastLine;
    private string _lastState = "";

    public void Update(RunView run)
    {
        if (_known.Count == 0 && run.Jobs.Count(j => j.State == "completed") is > 0 and var done)
        {
            // What an earlier start finished is told in one line.
            Write(run, $"{done} of {run.Jobs.Count} jobs are done already");
            foreach (var job in run.Jobs.Where(j => j.State == "completed"))
            {
                _known[job.Key] = (job.State, job.Epoch);
            }
        }

        foreach (var job in run.Jobs)
        {
            var known = _known.GetValueOrDefault(job.Key, ("waiting", 0));
            _known[job.Key] = (job.State, job.Epoch);
            if (known.Item1 == job.State && known.Item2 == job.Epoch)
            {
                continue;
            }

            var line = job.State switch
            {
                "running" => $"{RunTables.Name(job)}: started on {job.Silo}/{job.Slot}{(job.Epoch > 1 ? $" (epoch {job.Epoch}, from step {job.CommittedStep})" : "")}",
                "completed" => $"{RunTables.Name(job)}: done in {Units.Duration(job.Seconds)}{Results(job)}",
                "failed" or "quarantined" or "cancelled" or "paused" => $"{RunTables.Name(job)}: {job.State}{(job.Message is null ? "" : $": {job.Message}")}",
                "queued" when job.Retries > 0 => $"{RunTables.Name(job)}: will be restarted{(job.Message is null ? "" : $": {job.Message}")}",
                _ => null,
            };
            if (line is not null)
            {
                Write(run, line);
            }
        }

        if (run.State != _lastState)
        {
            _lastState = run.State;
            Write(run, $"run {run.Run}: {run.State}");
        }

        if (_lastLine == 0 || time.GetElapsedTime(_lastLine) >= s_period)
        {
            foreach (var phase in run.Phases.Where(p => p.Running > 0))
            {
                Write(run, $"{phase.Kind}: {Units.Percent(phase.Fraction)}, {Units.Rate(phase.Rate, phase.Unit)}, {Units.Duration(phase.SecondsLeft)} left");
            }

            _lastLine = time.GetTimestamp();
        }
    }

    private static string Results(JobView job)
    {
        var told = job.Metrics.Where(m => m.Key is "loss" or "psnr" or "accuracy" or "frechet" or "inertia").Select(m => $"{m.Key} {Units.Number(m.Value, "0.###")}").ToArray();
        return told.Length == 0 ? "" : $" ({string.Join(", ", told)})";
    }

    private void Write(RunView run, string line) => output.WriteLine($"[{Units.Duration(run.Seconds),9}] {line}");
}
