namespace Paris.Core.Rest;

/// <summary>What a run leaves: everything <c>report.md</c> says, as data (<c>report.json</c>).</summary>
public sealed record RunReport
{
    public required string Run { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Version of Paris.Orleans that wrote it.</summary>
    public string Version { get; init; } = "";

    /// <summary>The images, for people.</summary>
    public string Data { get; init; } = "";

    /// <summary>The distance's full name; never FID without a qualifier.</summary>
    public string Distance { get; init; } = "Fréchet distance on 64 classifier features";

    /// <summary>Generated images a strategy, and real images they are compared with.</summary>
    public int Images { get; init; }

    public int Reference { get; init; }

    /// <summary>Real held-out images against the same reference: what no sampler can beat for good. Null when it was not measured.</summary>
    public double? RealDistance { get; init; }

    /// <summary>How many real held-out images that row used.</summary>
    public int RealImages { get; init; }

    /// <summary>Strategies, best distance first.</summary>
    public IReadOnlyList<StrategyRow> Strategies { get; init; } = [];

    public IReadOnlyList<ExpertRow> Experts { get; init; } = [];

    public RouterRow? Router { get; init; }

    public IReadOnlyList<JobRow> Jobs { get; init; } = [];

    /// <summary>Names of the classes in label order; empty without labels.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Numbers of the clusters, in the order of every list of cluster shares; empty: 0, 1, 2 ….</summary>
    public IReadOnlyList<int> Clusters { get; init; } = [];

    /// <summary>Each cluster's share of the training samples.</summary>
    public IReadOnlyList<double> ClusterShares { get; init; } = [];

    /// <summary>The strategies' order here beside the paper's, in words built from the numbers above.</summary>
    public IReadOnlyList<string> Findings { get; init; } = [];

    public IReadOnlyList<ReportPicture> Pictures { get; init; } = [];

    /// <summary>The number of the cluster at a place of the shares.</summary>
    public int ClusterAt(int place) => place < Clusters.Count ? Clusters[place] : place;
}

/// <summary>One line of the table.</summary>
/// <param name="Strategy">The strategy.</param>
/// <param name="Distance">Fréchet distance; lower is better.</param>
/// <param name="ClassShares">Share of each class among the images, by the evaluation's classifier.</param>
/// <param name="ClusterShares">Share of each cluster among the images.</param>
/// <param name="ExpertsPerStep">Mean expert passes an image and step.</param>
/// <param name="SamplesPerSecond">Images a second, router included.</param>
/// <param name="RouterSeconds">Seconds of the router in them.</param>
public sealed record StrategyRow(
    string Strategy,
    double Distance,
    IReadOnlyList<double> ClassShares,
    IReadOnlyList<double> ClusterShares,
    double ExpertsPerStep,
    double? SamplesPerSecond,
    double? RouterSeconds)
{
    /// <summary>The smallest class share.</summary>
    public double MinClassShare => ClassShares.Count == 0 ? 0 : ClassShares.Min();

    /// <summary>Classes with at least 3 % of the images.</summary>
    public int CoveredClasses => ClassShares.Count(s => s >= 0.03);

    /// <summary>Σ |share − share in the training set| over clusters; null when shares are unknown.</summary>
    public double? ClusterShareError { get; init; }
}

/// <summary>One expert.</summary>
/// <param name="Expert">Its number, which is its cluster's.</param>
/// <param name="Share">The cluster's share of the samples.</param>
/// <param name="FirstLoss">Mean loss of the first recorded steps.</param>
/// <param name="LastLoss">Mean loss of the last recorded steps.</param>
/// <param name="Steps">Steps trained.</param>
/// <param name="Seconds">Seconds of work.</param>
/// <param name="Weights">SHA-256 of its weights.</param>
public sealed record ExpertRow(int Expert, double? Share, double? FirstLoss, double? LastLoss, long Steps, double Seconds, string? Weights);

/// <summary>The router.</summary>
/// <param name="Accuracy">Top-1 accuracy by noise level t.</param>
/// <param name="PriorError">Σ |mean p − share| at t = 1.</param>
/// <param name="Seconds">Seconds of work.</param>
public sealed record RouterRow(IReadOnlyList<AccuracyPoint> Accuracy, double? PriorError, double Seconds);

/// <summary>Accuracy at a noise level.</summary>
public sealed record AccuracyPoint(double T, double Accuracy);

/// <summary>One finished job.</summary>
public sealed record JobRow(string Job, double Seconds, int Epochs, IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, string> Facts);

/// <summary>A picture and the file it becomes beside the report.</summary>
public sealed record ReportPicture(string Blob, string File, string Kind, string Caption);
