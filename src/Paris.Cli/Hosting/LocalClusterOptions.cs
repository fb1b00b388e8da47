namespace Paris.Cli.Hosting;

/// <summary>What <c>paris up</c> starts.</summary>
internal sealed record LocalClusterOptions
{
    /// <summary>The store's folder, or a location that <see cref="Core.Storage.BlobStoreFactory"/> opens.</summary>
    public required string Store { get; init; }

    /// <summary>Workers at a time, over all silos.</summary>
    public int Slots { get; init; } = Environment.ProcessorCount;

    public int Silos { get; init; } = 1;

    /// <summary>The command that starts a worker; empty: the one that the build made.</summary>
    public IReadOnlyList<string> Worker { get; init; } = [];

    /// <summary>The silos take faults from <c>paris chaos</c>.</summary>
    public bool AllowChaos { get; init; }

    /// <summary>Port of the page and the API; 0 takes a free one, null the usual one or, if that is taken, a free one.</summary>
    public int? Port { get; init; }

    /// <summary>Where log lines go; null: standard error.</summary>
    public string? LogFile { get; init; }
}
