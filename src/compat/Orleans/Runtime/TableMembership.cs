using System.Reflection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Orleans.Runtime;

/// <summary>
/// Keeps a silo's row in a registered <see cref="IMembershipTable"/>: joining, active, heartbeats, leaving. Silos of one process find each
/// other without it; the table tells clients and people what there is, and shows silos of another process, which this silo cannot reach.
/// </summary>
internal sealed class TableMembership(InProcessSilo silo, IMembershipTable table, ClusterMembershipOptions options) : IDisposable
{
    private readonly DateTime _started = silo.Time.GetUtcNow().UtcDateTime;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Enters the table and waits until no silo of another process is active there.</summary>
    /// <exception cref="OrleansException">One is, and lives.</exception>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        await table.InitializeMembershipTable(true).ConfigureAwait(false);
        await SetAsync(silo.Address, SiloStatus.Joining, cancellationToken).ConfigureAwait(false);
        var began = silo.Time.GetTimestamp();
        var seen = new Dictionary<SiloAddress, DateTime>();
        while (true)
        {
            var others = (await table.ReadAll().ConfigureAwait(false)).Members.Select(x => x.Item1)
                .Where(x => x.Status == SiloStatus.Active && silo.Cluster.Find(x.SiloAddress) is not { CurrentStatus: not SiloStatus.Dead }).ToArray();

            // A former self, and silos of this process that were killed: their death is certain.
            foreach (var dead in others.Where(x => x.SiloAddress.IsPredecessorOf(silo.Address) || silo.Cluster.Find(x.SiloAddress) is not null))
            {
                await SetAsync(dead.SiloAddress, SiloStatus.Dead, cancellationToken).ConfigureAwait(false);
                others = [.. others.Where(x => x != dead)];
            }

            if (others.Length == 0)
            {
                break;
            }

            foreach (var other in others)
            {
                if (seen.TryAdd(other.SiloAddress, other.IAmAliveTime) || seen[other.SiloAddress] >= other.IAmAliveTime)
                {
                    continue;
                }

                throw new OrleansException($"The silo {other.SiloName} at {other.SiloAddress} of another process is active in the cluster {silo.ClusterId}. "
                    + "The Orleans stand-in joins silos of one process only; stop that process, use another cluster id, or build with the official packages.");
            }

            if (silo.Time.GetElapsedTime(began) > options.MaxJoinAttemptTime)
            {
                throw new OrleansException($"The silo {others[0].SiloName} at {others[0].SiloAddress} is active in the membership table and not of this process.");
            }

            await Task.Delay(options.ProbeTimeout, silo.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task ActivateAsync(CancellationToken cancellationToken)
    {
        await SetAsync(silo.Address, SiloStatus.Active, cancellationToken).ConfigureAwait(false);
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(BeatAsync, CancellationToken.None);
        }
    }

    /// <summary>Writes what the silo is from now on; a table that fails is only logged.</summary>
    public async Task LeaveAsync(SiloStatus status)
    {
        try
        {
            if (status == SiloStatus.Dead)
            {
                await _stop.CancelAsync().ConfigureAwait(false);
            }

            await SetAsync(silo.Address, status, CancellationToken.None, attempts: 20).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            silo.Logger.LogWarning(exception, "The silo {Silo} could not write that it is {Status}", silo.Name, status);
        }
    }

    public void Dispose() => _stop.Dispose();

    private async Task BeatAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(options.IAmAliveTablePublishTimeout, silo.Time);
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    await table.UpdateIAmAlive(new MembershipEntry { SiloAddress = silo.Address, IAmAliveTime = silo.Time.GetUtcNow().UtcDateTime }).ConfigureAwait(false);
                }
                catch (Exception exception)
                {
                    silo.Logger.LogWarning(exception, "The silo {Silo} could not write its heartbeat", silo.Name);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo is dead.
        }
    }

    private async Task SetAsync(SiloAddress address, SiloStatus status, CancellationToken cancellationToken, int attempts = int.MaxValue)
    {
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            var data = await table.ReadAll().ConfigureAwait(false);
            var row = data.TryGet(address);
            var entry = row?.Item1 ?? new MembershipEntry
            {
                SiloAddress = address,
                SiloName = silo.Name,
                HostName = silo.DnsHostName,
                ProxyPort = silo.GatewayAddress.Endpoint.Port,
                RoleName = Assembly.GetEntryAssembly()?.GetName().Name ?? "",
                SuspectTimes = [],
                StartTime = _started,
            };
            if (entry.Status == SiloStatus.Dead)
            {
                return;
            }

            entry.Status = status;
            entry.IAmAliveTime = address.Equals(silo.Address) ? silo.Time.GetUtcNow().UtcDateTime : entry.IAmAliveTime;
            if (row is null ? await table.InsertRow(entry, data.Version.Next()).ConfigureAwait(false) : await table.UpdateRow(entry, row.Item2, data.Version.Next()).ConfigureAwait(false))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 50)), silo.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}
