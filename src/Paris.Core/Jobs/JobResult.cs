namespace Paris.Core.Jobs;

/// <summary>
/// What a finished job leaves: the blob that <see cref="JobHead.Result"/> names (<c>result-e{epoch}.json</c>). Downstream jobs find
/// their inputs here and nowhere else.
/// </summary>
public sealed record JobResult
{
    public required JobId Job { get; init; }

    /// <summary>Complete output blobs by role, e.g. <c>model</c>, <c>manifest</c>, <c>grid</c>, <c>shard-00000</c>.</summary>
    public IReadOnlyDictionary<string, BlobEntry> Outputs { get; init; } = new Dictionary<string, BlobEntry>();

    /// <summary>Numbers by name, e.g. <c>loss</c>, <c>psnr</c>, <c>frechet</c>, <c>share.cluster.3</c>.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Further facts for people and for the report.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();

    /// <summary>Seconds of work over all epochs, as far as known.</summary>
    public double Seconds { get; init; }
}
