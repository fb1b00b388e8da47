namespace Paris.Core.Jobs;

/// <summary>
/// What a <see cref="JobKind.Sample"/> job is to draw: written into the job's folder (<see cref="BlobName"/>, JSON by
/// <see cref="WorkerProtocol.Json"/>) before the job is started, and never changed. Null values take the run's spec.
/// </summary>
public sealed record SampleOrder
{
    /// <summary>A strategy's name (<see cref="Specs.StrategyNames"/>), or <c>expert-3</c> for one expert alone.</summary>
    public required string Strategy { get; init; }

    /// <summary>Images, at least 1.</summary>
    public int Count { get; init; } = 64;

    /// <summary>Seed of the noise and of every draw.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Euler steps.</summary>
    public int? Steps { get; init; }

    public double? GuidanceScale { get; init; }

    /// <summary>Of runs with text: image i is drawn from prompt i mod P; null takes captions of the run's images.</summary>
    public IReadOnlyList<string>? Prompts { get; init; }

    /// <summary>The revision of the ensemble that draws: the one in use when the request came; null is 1.</summary>
    public int? Revision { get; init; }

    /// <summary>Whether another order asks for the same images, by whatever revision.</summary>
    public bool AsksFor(SampleOrder other) => this with { Revision = null, Prompts = null } == other with { Revision = null, Prompts = null }
        && (Prompts is null ? other.Prompts is null : other.Prompts is not null && Prompts.SequenceEqual(other.Prompts));

    /// <summary>Where the order of a sample job lies.</summary>
    public static string BlobName(JobId job) => job.Folder + "request.json";
}
