namespace Paris.Core.Rest;

/// <summary>Body of <c>POST /api/v1/runs/{run}/jobs/{kind}/{part}/migrate</c>.</summary>
/// <param name="To">The silo to move to; null takes the fastest free slot that fits.</param>
/// <param name="Slot">A slot of that silo; null takes its best.</param>
public sealed record MigrateRequest(string? To = null, string? Slot = null)
{
    /// <summary>Reads <c>SILO</c> or <c>SILO/SLOT</c>.</summary>
    /// <exception cref="ParisInputException">It is neither.</exception>
    public static MigrateRequest Parse(string? to)
    {
        var parts = to?.Split('/') ?? [];
        return parts.Length > 2 || parts.Any(string.IsNullOrWhiteSpace)
            ? throw new ParisInputException($"'{to}' is no place for a job; write SILO or SILO/SLOT, such as silo-1 or silo-1/gpu-0.")
            : new MigrateRequest(parts.ElementAtOrDefault(0), parts.ElementAtOrDefault(1));
    }
}

/// <summary>A job on its way: it runs there once its epoch is higher than <paramref name="Epoch"/>.</summary>
/// <param name="Job">The job's key.</param>
/// <param name="From">Where it ran, <c>silo/slot</c>.</param>
/// <param name="To">Where a slot is set aside for it.</param>
/// <param name="Epoch">The epoch of the worker that stops.</param>
public sealed record MigrationView(string Job, string From, string To, int Epoch);

/// <summary>Body of <c>POST /api/v1/cluster/rebalance</c>.</summary>
/// <param name="On">Must be given.</param>
public sealed record RebalanceRequest(bool? On);

/// <summary>What the queue needs and what could go, as <c>GET /api/v1/cluster/advice</c> answers.</summary>
/// <param name="Queued">Jobs that wait for a slot: with <paramref name="Running"/> the signal for an autoscaler.</param>
/// <param name="Running">Jobs on slots.</param>
/// <param name="Slots">Slots of silos that do not drain.</param>
/// <param name="Free">Free ones among them.</param>
/// <param name="Rebalances">Running jobs are moved to faster free slots when it pays.</param>
/// <param name="Wanted">Waiting jobs by what they need.</param>
/// <param name="Finish">Estimated time to the end by slots added.</param>
/// <param name="Silos">Silos with slots, the cheapest to remove first.</param>
public sealed record AdviceView(
    int Queued,
    int Running,
    int Slots,
    int Free,
    bool Rebalances,
    IReadOnlyList<WantedView> Wanted,
    IReadOnlyList<FinishView> Finish,
    IReadOnlyList<SiloCostView> Silos);

/// <summary>Waiting jobs of one kind of needs.</summary>
/// <param name="Needs">For people, e.g. <c>40 GiB and a GPU 'A100'</c>.</param>
/// <param name="Jobs">How many wait.</param>
/// <param name="Present">Slots that fit, busy ones included.</param>
/// <param name="Add">Slots to add so that none of these waits.</param>
public sealed record WantedView(string Needs, int Jobs, int Present, int Add);

/// <summary>An estimate of the end.</summary>
/// <param name="Added">Slots added.</param>
/// <param name="Seconds">Until all that runs and waits is done; absent when no job's time is known.</param>
/// <param name="Unknown">Jobs whose time is not known.</param>
public sealed record FinishView(int Added, double? Seconds, int Unknown);

/// <summary>What removing a silo would disturb.</summary>
/// <param name="Silo">Its name.</param>
/// <param name="Slots">Its slots.</param>
/// <param name="Running">Jobs on them.</param>
/// <param name="Cost">See <see cref="SiloView"/>.</param>
/// <param name="CanGo">Nothing runs there and no waiting job fits there.</param>
public sealed record SiloCostView(string Silo, int Slots, int Running, int Cost, bool CanGo);
