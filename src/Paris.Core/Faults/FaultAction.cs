namespace Paris.Core.Faults;

/// <summary>What happens at a <see cref="FaultPoint"/>.</summary>
public enum FaultAction
{
    /// <summary>A <see cref="FaultInjectedException"/>, which counts as a fault of the store.</summary>
    Throw = 0,

    /// <summary>The process ends at once, as by <c>kill -9</c>.</summary>
    Kill = 1,

    /// <summary>The thread, or the task, waits for ever.</summary>
    Hang = 2,

    /// <summary>It waits for a while (5 s, or <c>delay=SECONDS</c>) and goes on.</summary>
    Delay = 3,
}
