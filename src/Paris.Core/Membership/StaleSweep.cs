namespace Paris.Core.Membership;

/// <summary>
/// Decides which silos of the membership table are gone, from their heartbeat blobs alone (DESIGN section 7). It is what lets a cluster
/// restart on new addresses, and it must never take a healthy silo: after an outage of the store every heartbeat is old.
/// </summary>
/// <remarks>
/// A silo is stale only if its heartbeat is older than <see cref="BlobClusteringOptions.StaleAfter"/> by the server's clock, and this
/// silo has itself read it unchanged for <see cref="BlobClusteringOptions.UnchangedFor"/>, in at least
/// <see cref="BlobClusteringOptions.UnchangedReads"/> reads with no failed call of the store between, and its own heartbeat is fresh.
/// Never this silo itself. Only durations of this machine's monotonic clock are used, so a wrong wall clock does no harm. Not thread-safe.
/// </remarks>
public sealed class StaleSweep(BlobClusteringOptions options, TimeProvider time)
{
    private readonly Dictionary<string, Observation> _observations = [];
    private long? _lastRead;

    /// <summary>A call of the store failed, a heartbeat of this silo's among them: what was observed before proves nothing any more.</summary>
    public void StorageFailed()
    {
        _observations.Clear();
        _lastRead = null;
    }

    /// <summary>Takes note of the heartbeats of one successful read.</summary>
    /// <param name="heartbeats">Those of the rows that are not dead, this silo's own with them.</param>
    /// <returns>Whether some have been unchanged for so long that <see cref="Judge"/> is worth asking the server for the time.</returns>
    public bool Observe(IReadOnlyCollection<Heartbeat> heartbeats)
    {
        var now = time.GetTimestamp();

        // A sweeper that did not look for so long (a pause of its process, a call that hung) has seen nothing of what went on meanwhile.
        if (_lastRead is { } last && time.GetElapsedTime(last, now) > options.StaleAfter)
        {
            _observations.Clear();
        }

        _lastRead = now;
        foreach (var gone in _observations.Keys.Except(heartbeats.Select(x => x.Silo)).ToArray())
        {
            _observations.Remove(gone);
        }

        foreach (var heartbeat in heartbeats)
        {
            _observations[heartbeat.Silo] = _observations.TryGetValue(heartbeat.Silo, out var known) && known.Heartbeat.ETag == heartbeat.ETag
                ? known with { Reads = known.Reads + 1 }
                : new Observation(heartbeat, now, 1);
        }

        return _observations.Values.Any(IsUnchanged);
    }

    /// <summary>The silos that are gone, as of the last <see cref="Observe"/>.</summary>
    /// <param name="self">This silo; it judges nobody unless its own heartbeat is fresh.</param>
    /// <param name="serverTime">The server's clock, read after the heartbeats.</param>
    public IReadOnlyList<string> Judge(string self, DateTimeOffset serverTime)
        => _observations.TryGetValue(self, out var own) && own.Heartbeat.ETag is not null && serverTime - own.Heartbeat.Written < options.UnchangedFor
            ? [.. _observations.Values.Where(x => x.Heartbeat.Silo != self && IsUnchanged(x) && IsOld(x, serverTime)).Select(x => x.Heartbeat.Silo)]
            : [];

    private bool IsUnchanged(Observation observation)
        => observation.Reads >= options.UnchangedReads && time.GetElapsedTime(observation.Since, _lastRead!.Value) >= options.UnchangedFor;

    /// <summary>Without a blob the only age known is for how long there was none.</summary>
    private bool IsOld(Observation observation, DateTimeOffset serverTime)
        => observation.Heartbeat.ETag is null
            ? time.GetElapsedTime(observation.Since, _lastRead!.Value) > options.StaleAfter
            : serverTime - observation.Heartbeat.Written > options.StaleAfter;

    private readonly record struct Observation(Heartbeat Heartbeat, long Since, int Reads);
}
