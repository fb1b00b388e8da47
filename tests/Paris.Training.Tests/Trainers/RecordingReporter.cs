using System.Collections.Concurrent;
using Paris.Training.Jobs;

namespace Paris.Training.Tests.Trainers;

/// <summary>Remembers what a job told.</summary>
internal sealed class RecordingReporter : IJobReporter
{
    public ConcurrentQueue<(string Name, double Value, long Step)> Metrics { get; } = [];

    public ConcurrentQueue<long> Commits { get; } = [];

    public ConcurrentQueue<string> Logs { get; } = [];

    public ConcurrentQueue<string> Previews { get; } = [];

    public (long Step, long Total) Start { get; private set; }

    public void Ready(long step, long total) => Start = (step, total);

    public void Progress(long step, long total, double rate, string unit)
    {
    }

    public void Metric(string name, double value, long step) => Metrics.Enqueue((name, value, step));

    public void Preview(string blob, long step) => Previews.Enqueue(blob);

    public void Committed(long step, long bytes, double seconds) => Commits.Enqueue(step);

    public void Log(string message) => Logs.Enqueue(message);
}
