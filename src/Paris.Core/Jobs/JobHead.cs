namespace Paris.Core.Jobs;

/// <summary>
/// The content of <c>head.json</c>: who owns the job and which of its blobs are complete. Only take-over and commit write it,
/// each with one conditional PUT (DESIGN section 5).
/// </summary>
public sealed record JobHead
{
    /// <summary>Fencing number, raised by one at every take-over.</summary>
    public required int Epoch { get; init; }

    /// <summary>128 random bits in hex, new for every worker start.</summary>
    public required string Claim { get; init; }

    /// <summary>The silo whose agent started the worker.</summary>
    public required string Silo { get; init; }

    /// <summary>Why this epoch began: <c>start</c>, <c>resume</c>, <c>rollback</c>, <c>fallback: …</c>.</summary>
    public string Reason { get; init; } = "start";

    /// <summary>The newest committed step; 0 before the first checkpoint.</summary>
    public long Step { get; init; }

    /// <summary>Complete checkpoints, newest first, at most one a step.</summary>
    public IReadOnlyList<CheckpointEntry> Checkpoints { get; init; } = [];

    /// <summary>The job's finished result, or null while it is not finished.</summary>
    public BlobEntry? Result { get; init; }
}

/// <summary>A complete blob: its full name, size and SHA-256 in lower-case hex.</summary>
public sealed record BlobEntry(string Name, long Bytes, string Sha256);

/// <summary>A complete checkpoint.</summary>
public sealed record CheckpointEntry(string Name, long Step, long Bytes, string Sha256);
