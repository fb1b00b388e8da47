namespace Paris.Core.Scheduling;

/// <summary>A job's answer to a <see cref="WorkerReport"/>.</summary>
/// <param name="StopReason">Why the worker should commit and stop; empty: go on.</param>
/// <param name="Taken">False when the report is of a worker that the job no longer counts as its own.</param>
public sealed record WorkerAnswer(string StopReason = "", bool Taken = true);
