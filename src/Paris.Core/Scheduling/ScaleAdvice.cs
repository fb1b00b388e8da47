namespace Paris.Core.Scheduling;

/// <summary>What the queue needs and what could go.</summary>
public sealed record ScaleAdvice
{
    /// <summary>Jobs that wait for a slot.</summary>
    public int Queued { get; init; }

    /// <summary>Jobs on slots.</summary>
    public int Running { get; init; }

    /// <summary>All slots of silos that do not drain.</summary>
    public int Slots { get; init; }

    /// <summary>Free slots of silos that do not drain.</summary>
    public int Free { get; init; }

    /// <summary>Waiting jobs grouped by what they need.</summary>
    public IReadOnlyList<SlotsWanted> Wanted { get; init; } = [];

    /// <summary>Time until everything that runs and waits is done, by slots added.</summary>
    public IReadOnlyList<FinishTime> Finish { get; init; } = [];

    /// <summary>Every silo with slots, the cheapest to remove first.</summary>
    public IReadOnlyList<SiloCost> Silos { get; init; } = [];
}

/// <summary>Slots that would serve the waiting jobs of one kind of needs at once.</summary>
/// <param name="Needs">What such a slot must have.</param>
/// <param name="Jobs">How many wait for one.</param>
/// <param name="Present">Slots that fit, busy ones included.</param>
/// <param name="Add">How many to add, so that none of these waits: <paramref name="Jobs"/> less the free ones that fit.</param>
public sealed record SlotsWanted(ResourceNeeds Needs, int Jobs, int Present, int Add);

/// <summary>An estimate of the end.</summary>
/// <param name="Added">Slots added, each fit for every job and of the usual speed.</param>
/// <param name="Seconds">Until the last job is done; null when no job's time is known.</param>
/// <param name="Unknown">Jobs whose time is not known: nothing like them was measured yet.</param>
public sealed record FinishTime(int Added, double? Seconds, int Unknown);

/// <summary>What removing a silo would disturb.</summary>
/// <param name="Silo">Its name.</param>
/// <param name="Slots">Its slots.</param>
/// <param name="Running">Jobs on them.</param>
/// <param name="Cost"><see cref="SiloReport.DeletionCost"/>.</param>
/// <param name="CanGo">Nothing runs there, nothing is set aside there, and no waiting job fits there.</param>
public sealed record SiloCost(string Silo, int Slots, int Running, int Cost, bool CanGo);
