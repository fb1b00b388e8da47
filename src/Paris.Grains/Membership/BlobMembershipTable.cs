using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Paris.Core.Membership;

namespace Paris.Grains.Membership;

/// <summary>
/// The membership of a cluster in one JSON blob, changed by compare-and-swap on its ETag, with the heartbeats in side blobs. A cluster
/// needs a blob container and nothing else.
/// </summary>
/// <remarks>
/// The blob's ETag is the version's and every row's: Orleans uses a row's ETag only together with the version of the same read. Heartbeats
/// never touch the table, or they would fail the other silos' writes. Reading the table also sweeps the rows of silos that are gone
/// (<see cref="StaleSweep"/>). A contended write is false, never an exception: Orleans treats the latter as a broken store.
/// </remarks>
public sealed class BlobMembershipTable : IMembershipTable, IDisposable
{
    private const string TimeKey = "alive";

    private readonly IBlobStore _store;
    private readonly ClusterBlobs _blobs;
    private readonly MembershipBlob _table;
    private readonly SiloAddress _self;
    private readonly BlobClusteringOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StaleSweep _sweep;
    private readonly SiloHeartbeat _heartbeat;
    private readonly Lock _sweepLock = new();

    public BlobMembershipTable(IBlobStore store, IOptions<ClusterOptions> cluster, ILocalSiloDetails silo, IOptions<BlobClusteringOptions> options, TimeProvider time, ILogger<BlobMembershipTable> logger)
    {
        _store = store;
        _blobs = new ClusterBlobs(cluster.Value.ClusterId);
        _table = new MembershipBlob(store, _blobs);
        _self = silo.SiloAddress;
        _options = options.Value.Validate();
        _time = time;
        _logger = logger;
        _sweep = new StaleSweep(_options, time);
        _heartbeat = new SiloHeartbeat(() => RunAsync(token => BeatAsync(_self, _time.GetUtcNow().UtcDateTime, token)), _options, time);
    }

    /// <inheritdoc/>
    public Task InitializeMembershipTable(bool tryInitTableVersion) => CallAsync(async token =>
    {
        // Whoever is second finds the table there.
        return tryInitTableVersion && await _table.TryWriteAsync(new MembershipDocument(), null, token).ConfigureAwait(false) is not null;
    });

    /// <inheritdoc/>
    public Task DeleteMembershipTableEntries(string clusterId) => CallAsync(async token =>
    {
        var blobs = new ClusterBlobs(clusterId);
        await _store.DeleteAsync(blobs.Table, cancellationToken: token).ConfigureAwait(false);
        await foreach (var alive in _store.ListAsync(blobs.AlivePrefix, token).ConfigureAwait(false))
        {
            await _store.DeleteAsync(alive.Name, cancellationToken: token).ConfigureAwait(false);
        }

        return true;
    });

    /// <summary>
    /// Removes dead rows whose last sign of life (or vote) is older, others that are neither active nor heard, and their heartbeats. The
    /// date may be as young as the death of the newest row too many.
    /// </summary>
    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CallAsync(async token =>
    {
        while (true)
        {
            var (document, etag) = await _table.ReadAsync(token).ConfigureAwait(false);
            var alive = await ReadAliveAsync(token).ConfigureAwait(false);
            var now = await _store.GetServerTimeAsync(token).ConfigureAwait(false);
            var defunct = document.Rows.Where(row => row.Status != MemberRow.ActiveStatus && LastSign(row) < beforeDate.UtcDateTime && (row.IsDead || IsSilent(_blobs.Alive(row.Silo)))).ToArray();
            var rest = document.Rows.Except(defunct).ToArray();
            if (defunct.Length > 0 && await _table.TryWriteAsync(document with { Version = document.Version + 1, Rows = rest }, etag, token).ConfigureAwait(false) is null)
            {
                continue;
            }

            // Silos that died before they had a row leave a heartbeat, too.
            var gone = defunct.Select(row => _blobs.Alive(row.Silo)).ToHashSet();
            var named = rest.Select(row => _blobs.Alive(row.Silo)).ToHashSet();
            foreach (var blob in alive.Values.Where(x => gone.Contains(x.Name) || (!named.Contains(x.Name) && IsSilent(x.Name))))
            {
                await _store.DeleteAsync(blob.Name, blob.ETag, token).ConfigureAwait(false);
            }

            if (defunct.Length > 0)
            {
                MembershipLog.CleanedUp(_logger, defunct.Length);
            }

            return true;

            bool IsSilent(string name) => !alive.TryGetValue(name, out var blob) || now - blob.LastModified > _options.HeartbeatLimit;

            DateTime LastSign(MemberRow row) => new[] { row.StartTime, IAmAlive(row, alive) }.Concat(row.SuspectTimes?.Select(x => x.Time) ?? []).Max();
        }
    });

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadRow(SiloAddress key) => CallAsync(async token =>
    {
        var (document, etag) = await _table.ReadAsync(token).ConfigureAwait(false);
        var version = new TableVersion(document.Version, etag);
        if (document.Find(key.ToParsableString()) is not { } row)
        {
            return new MembershipTableData(version);
        }

        var name = _blobs.Alive(row.Silo);
        var alive = await _store.HeadAsync(name, token).ConfigureAwait(false) is { } info ? new Dictionary<string, BlobInfo> { [name] = info } : [];
        return new MembershipTableData(Tuple.Create(MemberRows.ToEntry(row, IAmAlive(row, alive)), etag), version);
    });

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadAll() => CallAsync(async token =>
    {
        var (document, etag) = await _table.ReadAsync(token).ConfigureAwait(false);

        // After the table: a row never exists without its heartbeat.
        var alive = await ReadAliveAsync(token).ConfigureAwait(false);
        (document, etag) = await SweepAsync(document, etag, alive, token).ConfigureAwait(false);
        var rows = document.Rows.Select(row => Tuple.Create(MemberRows.ToEntry(row, IAmAlive(row, alive)), etag)).ToList();
        return new MembershipTableData(rows, new TableVersion(document.Version, etag));
    });

    /// <inheritdoc/>
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => CallAsync(async token =>
    {
        // First the heartbeat, then the row: nobody ever sees a row without one.
        await BeatAsync(entry.SiloAddress, entry.IAmAliveTime, token).ConfigureAwait(false);
        return await ChangeAsync(tableVersion, null, rows => rows.Any(x => x.Silo == entry.SiloAddress.ToParsableString()) ? null : [.. rows, MemberRows.ToRow(entry)], token).ConfigureAwait(false);
    });

    /// <inheritdoc/>
    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => CallAsync(async token =>
    {
        var silo = entry.SiloAddress.ToParsableString();
        var updated = await ChangeAsync(tableVersion, etag, rows => rows.All(x => x.Silo != silo) ? null : [.. rows.Select(x => x.Silo == silo ? MemberRows.ToRow(entry) : x)], token).ConfigureAwait(false);
        if (updated && entry.Status == SiloStatus.Dead && entry.SiloAddress.Equals(_self))
        {
            _heartbeat.Stop();
        }

        return updated;
    });

    /// <summary>Writes the heartbeat blob; the entry holds an address and a time, and nothing else.</summary>
    public Task UpdateIAmAlive(MembershipEntry entry) => CallAsync(async token =>
    {
        await BeatAsync(entry.SiloAddress, entry.IAmAliveTime, token).ConfigureAwait(false);
        return true;
    });

    public void Dispose() => _heartbeat.Dispose();

    /// <summary>Compare-and-swap of the rows; false when somebody else was first or the rows do not fit.</summary>
    private async Task<bool> ChangeAsync(TableVersion version, string? rowETag, Func<IReadOnlyList<MemberRow>, IReadOnlyList<MemberRow>?> change, CancellationToken token)
    {
        var (document, etag) = await _table.ReadAsync(token).ConfigureAwait(false);
        return etag == version.VersionEtag
            && (rowETag ?? etag) == etag
            && change(document.Rows) is { } rows
            && await _table.TryWriteAsync(document with { Version = version.Version, Rows = rows }, etag, token).ConfigureAwait(false) is not null;
    }

    /// <summary>Declares the silos dead that <see cref="StaleSweep"/> found gone; the table as it then is.</summary>
    private async Task<(MembershipDocument Document, string ETag)> SweepAsync(MembershipDocument document, string etag, Dictionary<string, BlobInfo> alive, CancellationToken token)
    {
        var self = _self.ToParsableString();
        var heartbeats = document.Rows.Where(row => !row.IsDead).Select(row => alive.TryGetValue(_blobs.Alive(row.Silo), out var blob)
            ? new Heartbeat(row.Silo, blob.ETag, blob.LastModified)
            : new Heartbeat(row.Silo, null, default)).ToArray();
        lock (_sweepLock)
        {
            // Only a member may judge others; and the server is asked for the time only where it matters.
            if (!_sweep.Observe(heartbeats) || document.Find(self) is not { Status: MemberRow.ActiveStatus or MemberRow.JoiningStatus })
            {
                return (document, etag);
            }
        }

        try
        {
            var now = await _store.GetServerTimeAsync(token).ConfigureAwait(false);
            IReadOnlyList<string> stale;
            lock (_sweepLock)
            {
                stale = _sweep.Judge(self, now);
            }

            if (stale.Count == 0)
            {
                return (document, etag);
            }

            var vote = new MemberVote(self, _time.GetUtcNow().UtcDateTime);
            var swept = document with
            {
                Version = document.Version + 1,
                Rows = [.. document.Rows.Select(row => stale.Contains(row.Silo) ? row with { Status = MemberRow.DeadStatus, SuspectTimes = [.. row.SuspectTimes ?? [], vote] } : row)],
            };
            if (await _table.TryWriteAsync(swept, etag, token).ConfigureAwait(false) is { } written)
            {
                foreach (var heartbeat in heartbeats.Where(x => stale.Contains(x.Silo)))
                {
                    MembershipLog.Swept(_logger, heartbeat.Silo, _store.Description, heartbeat.ETag is null ? double.NaN : (now - heartbeat.Written).TotalSeconds);
                }

                return (swept, written);
            }

            return await _table.ReadAsync(token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is StorageFaultException or OperationCanceledException)
        {
            // What was read is true all the same.
            Failed();
            MembershipLog.SweepFailed(_logger, exception);
            return (document, etag);
        }
    }

    private async Task<bool> BeatAsync(SiloAddress silo, DateTime time, CancellationToken token)
    {
        var succeeded = false;
        try
        {
            var metadata = new Dictionary<string, string> { [TimeKey] = DateTime.SpecifyKind(time, DateTimeKind.Utc).ToString("O", CultureInfo.InvariantCulture) };
            await _store.PutAsync(_blobs.Alive(silo.ToParsableString()), ReadOnlyMemory<byte>.Empty, PutCondition.Always, metadata, token).ConfigureAwait(false);
            return succeeded = true;
        }
        catch (Exception exception)
        {
            MembershipLog.HeartbeatFailed(_logger, exception);
            throw;
        }
        finally
        {
            if (silo.Equals(_self))
            {
                _heartbeat.Beaten(succeeded);
            }
        }
    }

    private async Task<Dictionary<string, BlobInfo>> ReadAliveAsync(CancellationToken token)
    {
        var alive = new Dictionary<string, BlobInfo>();
        await foreach (var blob in _store.ListAsync(_blobs.AlivePrefix, token).ConfigureAwait(false))
        {
            alive[blob.Name] = blob;
        }

        return alive;
    }

    private DateTime IAmAlive(MemberRow row, Dictionary<string, BlobInfo> alive)
        => alive.TryGetValue(_blobs.Alive(row.Silo), out var blob)
            && blob.Metadata.TryGetValue(TimeKey, out var text)
            && DateTime.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time)
            && time > row.IAmAliveTime
                ? time
                : row.IAmAliveTime;

    /// <summary>A call of the runtime.</summary>
    private Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call)
    {
        _heartbeat.Called();
        return RunAsync(call);
    }

    private async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call)
    {
        using var limit = new CancellationTokenSource(_options.CallTimeout, _time);
        try
        {
            return await call(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested)
        {
            Failed();
            throw new StorageFaultException($"{_store.Description} did not answer within {_options.CallTimeout.TotalSeconds:0.##} s.", exception);
        }
        catch
        {
            Failed();
            throw;
        }
    }

    private void Failed()
    {
        lock (_sweepLock)
        {
            _sweep.StorageFailed();
        }
    }
}
