using Orleans.Concurrency;
using Paris.Core.Rest;

namespace Paris.Grains.Abstractions;

/// <summary>
/// Hands faults to the silos that are to carry them out; the key is <see cref="ClusterGrains.Key"/>. Only silos started with AllowChaos
/// ever call it, and only to those does it give anything.
/// </summary>
[Alias("paris.IChaosGrain")]
public interface IChaosGrain : IGrainWithStringKey
{
    /// <summary>Asks for a fault and returns when the silo's agent has taken the order, a moment before it carries it out.</summary>
    /// <exception cref="ParisException"><see cref="ParisException.BadInput"/>: the silo allows no such fault, or the job has no worker there;
    /// <see cref="ParisException.Conflict"/>: the silo did not take the order in time.</exception>
    [Alias("order")]
    [AlwaysInterleave]
    Task OrderAsync(ChaosOrder order);

    /// <summary>A silo's agent says what it can do and takes its next order; null when there is none.</summary>
    [Alias("take")]
    [AlwaysInterleave]
    Task<ChaosOrder?> TakeAsync(ChaosOffer offer);

    /// <summary>The silos that asked for orders lately.</summary>
    [Alias("offers")]
    [AlwaysInterleave]
    Task<ChaosOffer[]> GetOffersAsync();
}

/// <summary>What a silo's agent can do to itself and its workers.</summary>
[GenerateSerializer]
[Alias("paris.chaos-offer")]
public sealed record ChaosOffer
{
    [Id(0)]
    public string Silo { get; init; } = "";

    [Id(1)]
    public ChaosFault[] Faults { get; init; } = [];

    /// <summary>Keys of the jobs with a worker here.</summary>
    [Id(2)]
    public string[] Jobs { get; init; } = [];
}

/// <summary>One fault for one silo.</summary>
[GenerateSerializer]
[Alias("paris.chaos-order")]
public sealed record ChaosOrder
{
    [Id(0)]
    public ChaosFault Fault { get; init; }

    [Id(1)]
    public string Silo { get; init; } = "";

    /// <summary>The job's key for faults of a worker; else empty.</summary>
    [Id(2)]
    public string Job { get; init; } = "";

    /// <summary>How long it lasts; 0 for kills.</summary>
    [Id(3)]
    public double Seconds { get; init; }
}
