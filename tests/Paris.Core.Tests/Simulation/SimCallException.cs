namespace Paris.Core.Tests.Simulation;

/// <summary>A grain call that failed: its target is gone, unreachable, or threw.</summary>
internal sealed class SimCallException(string message) : Exception(message);
