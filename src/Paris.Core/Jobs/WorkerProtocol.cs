using System.Text.Json;
using System.Text.Json.Serialization;

namespace Paris.Core.Jobs;

/// <summary>
/// One JSON object a line: commands to a worker on its standard input, events from it on its standard output (DESIGN section 6,
/// docs/worker-protocol.md). Standard error carries log lines.
/// </summary>
public static class WorkerProtocol
{
    /// <summary>Raised when a change would break a worker written against the former version.</summary>
    public const int Version = 1;

    /// <summary>
    /// Longest silence of the silo before a worker gives up: it commits once more within 5 s, then exits, so that a frozen silo's workers are
    /// gone after 15 s. Five heartbeats long; the other silos give up a silent one after 6 s.
    /// </summary>
    public static readonly TimeSpan HeartbeatTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How often the silo writes a heartbeat line.</summary>
    public static readonly TimeSpan HeartbeatPeriod = TimeSpan.FromSeconds(2);

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };
}

/// <summary>How a worker ends (DESIGN section 6); every other code is a crash.</summary>
public enum WorkerExitCode
{
    Completed = 0,
    Fenced = 10,
    Stopped = 11,
    BadInput = 12,
    Diverged = 13,

    /// <summary>The store did not answer for longer than the worker's retries: retried from the storage budget.</summary>
    StorageFault = 14,

    /// <summary>An allocation failed on the host or the device: retried from the out-of-memory budget.</summary>
    OutOfMemory = 15,
}

/// <summary>A line on a worker's standard input.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "command")]
[JsonDerivedType(typeof(StartCommand), "start")]
[JsonDerivedType(typeof(CheckpointCommand), "checkpoint")]
[JsonDerivedType(typeof(StopCommand), "stop")]
[JsonDerivedType(typeof(HeartbeatCommand), "heartbeat")]
public abstract record WorkerCommand;

/// <summary>Take over the job (raise its epoch) and run it. The first line a worker reads; sent once.</summary>
/// <param name="Protocol"><see cref="WorkerProtocol.Version"/>.</param>
/// <param name="Job">What to run; the run's spec is read from the store.</param>
/// <param name="Store">Where the store is: a path, or a blob container URI or connection string. May hold a secret: never logged.</param>
/// <param name="Silo">The starting silo's name, recorded in the head.</param>
/// <param name="Claim">128 random bits in hex, new for every start.</param>
/// <param name="Threads">Threads for tensor operations.</param>
/// <param name="SourceRoots">Folders below which <c>file:</c> sources may be read; null: all that this user may.</param>
/// <param name="Split">Parts into which a training cuts every micro-batch of its spec; doubled after each end for want of memory.</param>
public sealed record StartCommand(int Protocol, JobId Job, string Store, string Silo, string Claim, int Threads, IReadOnlyList<string>? SourceRoots = null, int Split = 1) : WorkerCommand;

/// <summary>Commit a checkpoint at the next step boundary.</summary>
public sealed record CheckpointCommand : WorkerCommand;

/// <summary>Commit a checkpoint at the next step boundary, then exit with <see cref="WorkerExitCode.Stopped"/>.</summary>
public sealed record StopCommand(string Reason) : WorkerCommand;

/// <summary>The silo is alive.</summary>
public sealed record HeartbeatCommand : WorkerCommand;

/// <summary>A line on a worker's standard output.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(ReadyEvent), "ready")]
[JsonDerivedType(typeof(ProgressEvent), "progress")]
[JsonDerivedType(typeof(MetricEvent), "metric")]
[JsonDerivedType(typeof(PreviewEvent), "preview")]
[JsonDerivedType(typeof(CommittedEvent), "committed")]
[JsonDerivedType(typeof(CompletedEvent), "completed")]
[JsonDerivedType(typeof(FailedEvent), "failed")]
public abstract record WorkerEvent;

/// <summary>The worker owns the job. <paramref name="Step"/> is where it starts, <paramref name="Total"/> where it ends.</summary>
public sealed record ReadyEvent(int Protocol, int Epoch, long Step, long Total, int ProcessId) : WorkerEvent;

/// <summary>At most once a second. <paramref name="Rate"/> is in <paramref name="Unit"/> a second (samples, images, steps).</summary>
public sealed record ProgressEvent(long Step, long Total, double Rate, string Unit) : WorkerEvent;

/// <summary>A measured value, e.g. <c>loss</c>, <c>gradient-norm</c>, <c>step-seconds</c>, <c>checkpoint-seconds</c>, <c>checkpoint-stall-seconds</c>, <c>bytes-between-experts</c>.</summary>
public sealed record MetricEvent(string Name, double Value, long Step) : WorkerEvent;

/// <summary>A new preview picture (a PNG blob).</summary>
public sealed record PreviewEvent(string Blob, long Step) : WorkerEvent;

/// <summary>A checkpoint is complete and named in the head.</summary>
public sealed record CommittedEvent(long Step, long Bytes, double Seconds) : WorkerEvent;

/// <summary>The result is named in the head; exit code 0 follows.</summary>
public sealed record CompletedEvent(string Result) : WorkerEvent;

/// <summary>The job failed; the matching exit code follows. <paramref name="Code"/> is a <see cref="WorkerExitCode"/> or 1 for a crash.</summary>
public sealed record FailedEvent(int Code, string Message) : WorkerEvent;
