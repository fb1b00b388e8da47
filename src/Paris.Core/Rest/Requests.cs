using Paris.Core.Specs;

namespace Paris.Core.Rest;

/// <summary>Body of <c>POST /api/v1/runs/{run}/samples</c>.</summary>
public sealed record SampleRequest
{
    /// <summary>Makes the request idempotent: the same id again finds the same images. Null makes one. Lower-case letters, digits, single hyphens.</summary>
    public string? Id { get; init; }

    /// <summary>One of <see cref="StrategyNames.All"/>, or <c>expert-3</c> for one expert alone.</summary>
    public string Strategy { get; init; } = "cluster-first";

    /// <summary>Images, 1 … 1024.</summary>
    public int Count { get; init; } = 64;

    /// <summary>Seed of the noise and of every draw; null takes the run's.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Euler steps; null takes the run's.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale; null takes the run's.</summary>
    public double? Guidance { get; init; }

    /// <summary>Of runs with text: image i is drawn from prompt i mod P. Null takes captions of the run's own images.</summary>
    public IReadOnlyList<string>? Prompts { get; init; }

    /// <summary>Refuses what no sampler can do.</summary>
    /// <exception cref="ParisInputException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        if (!Strategy.StartsWith("expert-", StringComparison.Ordinal))
        {
            // Which experts there are is known to the run.
            _ = StrategyNames.Check(Strategy);
        }

        if (Id is not null)
        {
            _ = Storage.BlobName.CheckRunId(Id);
        }

        if (Count is < 1 or > 1024)
        {
            throw new ParisInputException($"count is {Count}; ask for 1 to 1024 images.");
        }

        Specs.SamplePrompts.Check(Prompts);
        if (Steps is < 1 or > 1000)
        {
            throw new ParisInputException($"steps is {Steps}; use 1 to 1000.");
        }

        if (Guidance is { } guidance && !(double.IsFinite(guidance) && guidance >= 0))
        {
            throw new ParisInputException($"guidance is {guidance}; use a number of at least 0 (1 is none).");
        }
    }
}

/// <summary>One sampling request and what became of it.</summary>
/// <param name="Id">The request's id.</param>
/// <param name="State">The state of its job; see <see cref="JobView.State"/>.</param>
/// <param name="Fraction">Done share, 0 … 1.</param>
/// <param name="Pictures">Names of its pictures, as <c>GET /api/v1/runs/{run}/blobs/{name}</c> takes them.</param>
/// <param name="Message">Why it failed or waits.</param>
/// <param name="BadInput">True when it failed because the request is wrong.</param>
/// <param name="Files">Names of its other files, the routing trace as JSON; taken the same way.</param>
/// <param name="Metrics">What it measured, once it is completed (<c>images</c>, <c>samples.per.second</c>, <c>experts.per.step</c>, <c>experts.reads</c>, <c>memory.peak.bytes</c>, …).</param>
public sealed record SampleView(string Id, string State, double Fraction, IReadOnlyList<string> Pictures, string? Message, bool BadInput = false, IReadOnlyList<string>? Files = null, IReadOnlyDictionary<string, double>? Metrics = null);

/// <summary>Body of <c>POST /api/v1/runs/{run}/evaluate</c>.</summary>
/// <param name="Strategies">What to compare; empty takes the run's.</param>
public sealed record EvaluateRequest(IReadOnlyList<string>? Strategies = null);

/// <summary>Where a running gateway listens and what opens it: <c>gateway.json</c> under the store, mode 0600.</summary>
public sealed record GatewayAddress(string Url, string Token, int ProcessId);

/// <summary>An error as the API answers it (RFC 9457, <c>application/problem+json</c>).</summary>
/// <param name="Title">One sentence: what was wrong, where, what would be right.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code"><c>input</c>, <c>not-found</c>, <c>conflict</c>, <c>unauthorized</c>, <c>forbidden</c>, <c>unavailable</c> or <c>failed</c>.</param>
public sealed record ProblemView(string Title, int Status, string Code);
