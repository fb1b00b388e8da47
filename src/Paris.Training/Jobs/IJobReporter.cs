namespace Paris.Training.Jobs;

/// <summary>
/// Where a job tells how it goes; the worker writes each call as one event of its protocol (docs/worker-protocol.md).
/// Implementations take calls from any thread.
/// </summary>
public interface IJobReporter
{
    /// <summary>The job starts at <paramref name="step"/> of <paramref name="total"/>; called once, before the first step.</summary>
    void Ready(long step, long total);

    /// <summary>How far the job is. Called at most once a second; <paramref name="rate"/> is in <paramref name="unit"/> a second.</summary>
    void Progress(long step, long total, double rate, string unit);

    /// <summary>A measured value, e.g. <c>loss</c>.</summary>
    void Metric(string name, double value, long step);

    /// <summary>A preview picture was written to the blob of this name (<see cref="JobContext.PublishPreview"/>).</summary>
    void Preview(string blob, long step);

    /// <summary>A checkpoint is complete and named in the head.</summary>
    void Committed(long step, long bytes, double seconds);

    /// <summary>A line for people, for the worker's log.</summary>
    void Log(string message);
}
