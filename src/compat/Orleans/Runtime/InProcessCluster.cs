using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Orleans.Runtime;

/// <summary>
/// The silos of this process that share a cluster id, and the directory of their activations. Real silos find each other over the
/// network; these find each other here.
/// </summary>
internal sealed class InProcessCluster
{
    private static readonly ConcurrentDictionary<string, InProcessCluster> All = new();

    private readonly Lock _lock = new();
    private readonly Dictionary<SiloAddress, InProcessSilo> _silos = [];
    private readonly Dictionary<GrainId, Activation> _directory = [];
    private volatile SnapshotNode _newest = new(new ClusterMembershipSnapshot(ImmutableDictionary<SiloAddress, ClusterMember>.Empty, new(0)));

    public ClusterMembershipSnapshot Snapshot => _newest.Value;

    public static string Key(string clusterId, System.Net.IPEndPoint? primary) => primary is null ? clusterId : $"{clusterId} at {primary}";

    public static InProcessCluster GetOrAdd(string key) => All.GetOrAdd(key, _ => new InProcessCluster());

    /// <summary>The active silo that a client of <paramref name="clusterId"/> would reach, or null.</summary>
    /// <param name="ports">The gateways' ports; null when the client finds gateways by the cluster id alone.</param>
    public static InProcessSilo? FindGateway(string clusterId, IReadOnlyCollection<int>? ports)
    {
        var silos = All.Values.SelectMany(cluster => cluster.ActiveSilos())
            .Where(silo => silo.ClusterId == clusterId && silo.GatewayAddress.Endpoint.Port != 0)
            .Where(silo => ports is null || ports.Contains(silo.GatewayAddress.Endpoint.Port))
            .ToArray();
        return silos.Length == 0 ? null : silos[Random.Shared.Next(silos.Length)];
    }

    public InProcessSilo[] ActiveSilos()
    {
        lock (_lock)
        {
            return [.. _silos.Values.Where(silo => silo.CurrentStatus == SiloStatus.Active)];
        }
    }

    public InProcessSilo? Find(SiloAddress address)
    {
        lock (_lock)
        {
            return _silos.GetValueOrDefault(address);
        }
    }

    /// <summary>Adds a silo or publishes its new status.</summary>
    public void Publish(InProcessSilo silo, SiloStatus status)
    {
        SnapshotNode previous;
        InProcessSilo[] others;
        lock (_lock)
        {
            if (status == SiloStatus.Joining
                && _silos.Values.FirstOrDefault(other => other.CurrentStatus != SiloStatus.Dead && other.Address.Endpoint.Equals(silo.Address.Endpoint)) is { } taken)
            {
                throw new OrleansException($"The address {silo.Address.Endpoint} is in use by the silo {taken.Name}.");
            }

            _silos[silo.Address] = silo;
            silo.CurrentStatus = status;
            var snapshot = _newest.Value;
            previous = _newest;
            _newest = new SnapshotNode(new ClusterMembershipSnapshot(
                snapshot.Members.SetItem(silo.Address, new ClusterMember(silo.Address, status, silo.Name)),
                new MembershipVersion(snapshot.Version.Value + 1)));
            others = [.. _silos.Values.Where(x => x.CurrentStatus != SiloStatus.Dead)];
        }

        previous.Next.TrySetResult(_newest);
        foreach (var other in others)
        {
            other.Notify(silo.Address, status);
        }
    }

    public async IAsyncEnumerable<ClusterMembershipSnapshot> Updates([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var node = _newest; ; node = await node.Next.Task.WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return node.Value;
        }
    }

    public Activation? Lookup(GrainId id)
    {
        lock (_lock)
        {
            return _directory.GetValueOrDefault(id);
        }
    }

    /// <summary>The directory's one rule: the first registration wins.</summary>
    /// <returns>The activation that is registered, or null when <paramref name="silo"/> takes no new ones.</returns>
    public Activation? GetOrRegister(GrainId id, InProcessSilo silo, Func<Activation> create, out bool created)
    {
        created = false;
        lock (_lock)
        {
            if (_directory.TryGetValue(id, out var existing))
            {
                return existing;
            }

            if (silo.CurrentStatus != SiloStatus.Active)
            {
                return null;
            }

            created = true;
            return _directory[id] = create();
        }
    }

    /// <summary>Migration: the registration passes from one activation to the next without a gap.</summary>
    public bool Replace(Activation old, InProcessSilo silo, Func<Activation> create, out Activation? next)
    {
        lock (_lock)
        {
            if (silo.CurrentStatus != SiloStatus.Active || _directory.GetValueOrDefault(old.GrainId) != old)
            {
                next = null;
                return false;
            }

            next = _directory[old.GrainId] = create();
            return true;
        }
    }

    public void Unregister(Activation activation)
    {
        lock (_lock)
        {
            if (_directory.GetValueOrDefault(activation.GrainId) == activation)
            {
                _directory.Remove(activation.GrainId);
            }
        }
    }

    private sealed class SnapshotNode(ClusterMembershipSnapshot value)
    {
        public ClusterMembershipSnapshot Value { get; } = value;

        public TaskCompletionSource<SnapshotNode> Next { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
