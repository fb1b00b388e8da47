namespace Paris.Core.Specs;

/// <summary>The names of the sampling strategies (docs: how a step mixes the experts).</summary>
public static class StrategyNames
{
    /// <summary>Strategies that route among the experts.</summary>
    public static IReadOnlyList<string> Routed { get; } =
        ["cluster-first", "sticky", "top-1", "top-2", "top-k", "sample-k", "nucleus", "threshold", "full", "oracle"];

    /// <summary>The monolithic baseline alone, where the run trained one.</summary>
    public const string Twin = "twin";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Routed, Twin];

    /// <summary>Refuses an unknown name.</summary>
    /// <exception cref="ParisInputException">There is no such strategy; the message lists them.</exception>
    public static string Check(string? strategy) => strategy is not null && All.Contains(strategy)
        ? strategy
        : throw new ParisInputException($"unknown strategy '{strategy}'; use one of {string.Join(", ", All)}.");
}
