using Paris.Core.Jobs;
using Paris.Training.Jobs;

namespace Paris.Worker;

/// <summary>Turns what a job tells into events of the worker protocol.</summary>
public sealed class ProtocolReporter(EventWriter writer, int epoch) : IJobReporter
{
    public void Ready(long step, long total) => writer.Write(new ReadyEvent(WorkerProtocol.Version, epoch, step, total, Environment.ProcessId));

    public void Progress(long step, long total, double rate, string unit) => writer.Write(new ProgressEvent(step, total, Finite(rate), unit));

    public void Metric(string name, double value, long step)
    {
        // JSON has no NaN: a value that is none is told in the log and by the guard that handles it.
        if (double.IsFinite(value))
        {
            writer.Write(new MetricEvent(name, value, step));
        }
        else
        {
            Log($"{name} is {value} at step {step}");
        }
    }

    public void Preview(string blob, long step) => writer.Write(new PreviewEvent(blob, step));

    public void Committed(long step, long bytes, double seconds) => writer.Write(new CommittedEvent(step, bytes, seconds));

    public void Log(string message) => Console.Error.WriteLine(message);

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;
}
