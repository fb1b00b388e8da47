using System.Globalization;
using System.Text.Json;
using Paris.Core.Specs;
using Paris.Core.Storage;

namespace Paris.Core.Jobs;

/// <summary>All revisions of a run's ensemble and which of them is in use.</summary>
public sealed record EnsembleHistory
{
    /// <summary>Every revision, taken back ones included, by number.</summary>
    public required IReadOnlyList<EnsembleRevision> Revisions { get; init; }

    public EnsembleState State { get; init; } = new();

    /// <summary>A run's whose ensemble was never changed.</summary>
    public static EnsembleHistory First(RunSpec spec) => new() { Revisions = [EnsembleRevision.First(spec)] };

    /// <summary>The ensemble in use.</summary>
    public EnsembleRevision Current => Of(State.Current);

    /// <summary>The revision that is being trained; null when none is.</summary>
    public EnsembleRevision? Pending => Chain.LastOrDefault(x => x.Revision > State.Current);

    /// <summary>The revisions that were not taken back.</summary>
    public IEnumerable<EnsembleRevision> Chain => Revisions.Where(x => !State.Discarded.Contains(x.Revision));

    /// <summary>The number of the next revision; none is used twice.</summary>
    public int NextNumber => Revisions[^1].Revision + 1;

    /// <summary>A revision.</summary>
    /// <exception cref="ParisInputException">There is none of this number.</exception>
    public EnsembleRevision Of(int revision) => Revisions.FirstOrDefault(x => x.Revision == revision)
        ?? throw new ParisInputException($"There is no revision {revision} of this ensemble; there are {string.Join(", ", Revisions.Select(x => x.Revision))}.");

    /// <summary>Reads it from the store.</summary>
    /// <exception cref="ParisInputException">A revision is not what this program writes.</exception>
    public static async Task<EnsembleHistory> ReadAsync(IBlobStore store, RunSpec spec, CancellationToken cancellationToken = default)
    {
        // The state first: whatever it names was written before it.
        var state = await ReadAsync<EnsembleState>(store, EnsembleState.BlobName(spec.Name), cancellationToken).ConfigureAwait(false);
        var revisions = new List<EnsembleRevision> { EnsembleRevision.First(spec) };
        var prefix = EnsembleRevision.Prefix(spec.Name);
        await foreach (var blob in store.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            if (blob.Name.EndsWith(".json", StringComparison.Ordinal) && int.TryParse(blob.Name[prefix.Length..^".json".Length], CultureInfo.InvariantCulture, out var number))
            {
                revisions.Add(await ReadRevisionAsync(store, spec, number, cancellationToken).ConfigureAwait(false));
            }
        }

        return new EnsembleHistory { Revisions = [.. revisions.OrderBy(x => x.Revision)], State = state ?? new EnsembleState() };
    }

    /// <summary>Reads the revision in use; lists nothing.</summary>
    /// <exception cref="ParisInputException">A revision is not what this program writes.</exception>
    public static async Task<EnsembleRevision> ReadCurrentAsync(IBlobStore store, RunSpec spec, CancellationToken cancellationToken = default)
    {
        var state = await ReadAsync<EnsembleState>(store, EnsembleState.BlobName(spec.Name), cancellationToken).ConfigureAwait(false);
        return await ReadRevisionAsync(store, spec, state?.Current ?? 1, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads one revision.</summary>
    /// <exception cref="ParisInputException">It is missing or not what this program writes.</exception>
    public static async Task<EnsembleRevision> ReadRevisionAsync(IBlobStore store, RunSpec spec, int revision, CancellationToken cancellationToken = default)
        => revision == 1
            ? EnsembleRevision.First(spec)
            : await ReadAsync<EnsembleRevision>(store, EnsembleRevision.BlobName(spec.Name, revision), cancellationToken).ConfigureAwait(false)
                ?? throw new ParisInputException($"Run '{spec.Name}' has no revision {revision} of its ensemble in {store.Description}.");

    private static async Task<T?> ReadAsync<T>(IBlobStore store, string name, CancellationToken cancellationToken)
        where T : class
    {
        if (await store.GetAsync(name, cancellationToken).ConfigureAwait(false) is not { } blob)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(blob.Bytes, WorkerProtocol.Json) ?? throw new JsonException("it is null");
        }
        catch (JsonException exception)
        {
            throw new ParisInputException($"'{name}' in {store.Description} is no {typeof(T).Name} ({exception.Message}); restore it from a copy.", exception);
        }
    }
}
