namespace Paris.Core.Tests.Simulation;

/// <summary>How badly the store behaves now.</summary>
internal sealed class SimFaults
{
    /// <summary>False once the faults have ended.</summary>
    public bool On { get; set; } = true;

    /// <summary>Share of calls that fail and do nothing.</summary>
    public double Error { get; init; }

    /// <summary>Share of calls that do their work and lose the reply.</summary>
    public double LostReply { get; init; }

    /// <summary>Share of writes that fail at once and happen seconds later.</summary>
    public double Late { get; init; }

    /// <summary>Share of calls that take seconds.</summary>
    public double Slow { get; init; }

    /// <summary>The whole store refuses every call.</summary>
    public bool Outage { get; set; }
}

/// <summary>A fence that is broken on purpose, so that it is seen that the checks can fail.</summary>
internal enum FenceFlaw
{
    None = 0,

    /// <summary>The head is written without comparing what is there: an old epoch writes over a new one.</summary>
    NoEpochCheck = 1,

    /// <summary>A worker that reads the head back takes any claim for its own.</summary>
    ClaimNotCompared = 2,

    /// <summary>The head names a checkpoint before its blob is uploaded.</summary>
    HeadBeforeBlob = 3,

    /// <summary>A write of the head that failed or was refused is repeated over whatever is there now.</summary>
    BlindRetry = 4,
}
