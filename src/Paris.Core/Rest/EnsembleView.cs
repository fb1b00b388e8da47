namespace Paris.Core.Rest;

/// <summary>The experts of a run, as <c>GET /api/v1/runs/{run}/experts</c> answers: what is in use, what is in progress, what a change did to the scores.</summary>
public sealed record EnsembleView
{
    public required string Run { get; init; }

    /// <summary>The revision in use.</summary>
    public required int Revision { get; init; }

    /// <summary>The revision that is being trained; null when none is.</summary>
    public int? Pending { get; init; }

    /// <summary>The experts in use, by number.</summary>
    public IReadOnlyList<ExpertView> Experts { get; init; } = [];

    /// <summary>The router in use.</summary>
    public RouterView? Router { get; init; }

    /// <summary>Every revision, oldest first.</summary>
    public IReadOnlyList<RevisionView> Revisions { get; init; } = [];

    /// <summary>The scores of every revision that was not taken back, by strategy.</summary>
    public IReadOnlyList<RevisionScore> Scores { get; init; } = [];
}

/// <summary>One expert in use.</summary>
/// <param name="Expert">Its number.</param>
/// <param name="Samples">Samples of its cluster; null while there is no partition.</param>
/// <param name="Share">The cluster's share of all samples.</param>
/// <param name="Since">The revision that trained it.</param>
/// <param name="Weights">SHA-256 of its trained weights; null while it trains.</param>
/// <param name="Model">SHA-256 of its model file, which every sampler checks.</param>
public sealed record ExpertView(int Expert, long? Samples, double? Share, int Since, string? Weights, string? Model);

/// <summary>The router in use.</summary>
/// <param name="Since">The revision that trained it.</param>
/// <param name="Refit">How: <c>whole</c> or <c>head</c>.</param>
/// <param name="Model">SHA-256 of its model file; null while it trains.</param>
/// <param name="Accuracy">Accuracy by noise level.</param>
public sealed record RouterView(int Since, string Refit, string? Model, IReadOnlyList<AccuracyPoint> Accuracy);

/// <summary>One revision.</summary>
/// <param name="Revision">Its number.</param>
/// <param name="Base">The revision it changes; 0 for the first.</param>
/// <param name="State"><c>in-use</c>, <c>in-progress</c>, <c>former</c> or <c>taken-back</c>.</param>
/// <param name="Change">What it changes, for people.</param>
/// <param name="Experts">Its experts' numbers.</param>
public sealed record RevisionView(int Revision, int Base, string State, string Change, IReadOnlyList<int> Experts);

/// <summary>What a strategy scores with one revision.</summary>
/// <param name="Revision">The revision.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="Distance">Fréchet distance; lower is better.</param>
/// <param name="MinClassShare">Smallest share of a class among the images; null without classes.</param>
/// <param name="ExpertsPerStep">Mean expert passes an image and step.</param>
public sealed record RevisionScore(int Revision, string Strategy, double Distance, double? MinClassShare, double ExpertsPerStep);

/// <summary>Body of <c>POST /api/v1/runs/{run}/experts/undo</c>.</summary>
/// <param name="Revision">The revision to take back; null takes the last.</param>
public sealed record UndoRequest(int? Revision = null);
