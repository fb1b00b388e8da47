using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Orleans.Runtime;

/// <summary>One silo of an <see cref="InProcessCluster"/>: it hosts activations and places new ones.</summary>
internal sealed class InProcessSilo : ILocalSiloDetails, IClusterMembershipService, ISiloStatusOracle, ISiloMetadataCache, IPlacementContext
{
    private readonly Lock _lock = new();
    private readonly HashSet<Activation> _activations = [];
    private readonly Dictionary<GrainId, List<Activation>> _workers = [];
    private readonly HashSet<Message> _calls = [];
    private readonly System.Collections.Concurrent.ConcurrentDictionary<ISiloStatusListener, bool> _listeners = new();
    private readonly IOptions<SiloMetadata> _metadata;
    private readonly ClusterMembershipOptions _membership;
    private TableMembership? _table;
    private ITimer? _collector;

    public InProcessSilo(
        IServiceProvider services,
        TimeProvider time,
        IOptions<ClusterOptions> cluster,
        IOptions<SiloOptions> silo,
        IOptions<EndpointOptions> endpoint,
        IOptions<DevelopmentClusterMembershipOptions> development,
        IOptions<GrainCollectionOptions> collection,
        IOptions<SiloMessagingOptions> messaging,
        IOptions<ClusterMembershipOptions> membership,
        IOptions<SiloMetadata> metadata,
        ILogger<InProcessSilo> logger)
    {
        Services = services;
        Time = time;
        Logger = logger;
        Collection = collection.Value;
        Messaging = messaging.Value;
        _metadata = metadata;
        _membership = membership.Value;
        ClusterId = string.IsNullOrWhiteSpace(cluster.Value.ClusterId) ? "default" : cluster.Value.ClusterId;
        var generation = SiloAddress.AllocateNewGeneration();
        Address = SiloAddress.New(endpoint.Value.AdvertisedIPAddress, endpoint.Value.SiloPort, generation);
        GatewayAddress = SiloAddress.New(endpoint.Value.AdvertisedIPAddress, endpoint.Value.GatewayPort, generation);
        Name = string.IsNullOrWhiteSpace(silo.Value.SiloName) ? $"Silo_{Guid.NewGuid().ToString("N")[..5]}" : silo.Value.SiloName;
        Cluster = InProcessCluster.GetOrAdd(InProcessCluster.Key(ClusterId, development.Value.PrimarySiloEndpoint));
        Propagation = services.GetService<ActivityPropagation>();
        Client = new InProcessClient(this);
    }

    public IServiceProvider Services { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public GrainCollectionOptions Collection { get; }

    public SiloMessagingOptions Messaging { get; }

    public ActivityPropagation? Propagation { get; }

    public InProcessCluster Cluster { get; }

    /// <summary>The way out of this silo for its grains and its other services.</summary>
    public InProcessClient Client { get; }

    public IGrainFactory GrainFactory => Client;

    public SiloAddress Address { get; }

    public SiloStatus CurrentStatus { get; set; } = SiloStatus.Created;

    public string Name { get; }

    public string ClusterId { get; }

    public string DnsHostName { get; } = Dns.GetHostName();

    public SiloAddress GatewayAddress { get; }

    SiloAddress ILocalSiloDetails.SiloAddress => Address;

    SiloAddress ISiloStatusOracle.SiloAddress => Address;

    string ISiloStatusOracle.SiloName => Name;

    SiloAddress IPlacementContext.LocalSilo => Address;

    SiloStatus IPlacementContext.LocalSiloStatus => CurrentStatus;

    public ClusterMembershipSnapshot CurrentSnapshot => Cluster.Snapshot;

    public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => Cluster.Updates();

    public int ActivationCount
    {
        get
        {
            lock (_lock)
            {
                return _activations.Count;
            }
        }
    }

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => Cluster.Snapshot.GetSiloStatus(siloAddress);

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) =>
        Cluster.Snapshot.Members.Values.Where(member => !onlyActive || member.Status == SiloStatus.Active)
            .ToDictionary(member => member.SiloAddress, member => member.Status);

    public bool IsDeadSilo(SiloAddress silo) => GetApproximateSiloStatus(silo) == SiloStatus.Dead;

    public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => _listeners.TryAdd(observer, true);

    public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => _listeners.TryRemove(observer, out _);

    /// <summary>Tells this silo's listeners; not on the thread of who made the change.</summary>
    public void Notify(SiloAddress silo, SiloStatus status)
    {
        foreach (var listener in _listeners.Keys)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => listener.SiloStatusChangeNotification(silo, status), null);
        }
    }

    SiloMetadata ISiloMetadataCache.GetSiloMetadata(SiloAddress siloAddress) =>
        Cluster.Find(siloAddress)?._metadata.Value ?? SiloMetadata.Empty;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Cluster.Publish(this, SiloStatus.Joining);
        try
        {
            // Asked for here: a provider's table may itself need this silo's address.
            if (Services.GetService<IMembershipTable>() is { } table)
            {
                _table = new TableMembership(this, table, _membership);
                await _table.JoinAsync(cancellationToken).ConfigureAwait(false);
                await _table.ActivateAsync(cancellationToken).ConfigureAwait(false);
            }

            Cluster.Publish(this, SiloStatus.Active);
            foreach (var task in Services.GetServices<StartupTask>().OrderBy(task => task.Stage))
            {
                await task.Run(Services, cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            await KillAsync().ConfigureAwait(false);
            throw;
        }

        using (ExecutionContext.SuppressFlow())
        {
            _collector = Time.CreateTimer(_ => CollectIdle(null), null, Collection.CollectionQuantum, Collection.CollectionQuantum);
        }
    }

    /// <summary>Drains: every activation deactivates in parallel, requests meanwhile wait and move on. A cancelled token means: no drain.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (CurrentStatus is SiloStatus.Dead or SiloStatus.Created)
        {
            return;
        }

        if (!cancellationToken.IsCancellationRequested)
        {
            Cluster.Publish(this, SiloStatus.ShuttingDown);
            if (_table is not null)
            {
                await _table.LeaveAsync(SiloStatus.ShuttingDown).ConfigureAwait(false);
            }

            _collector?.Dispose();
            var activations = Activations();
            foreach (var activation in activations)
            {
                activation.Deactivate(new(DeactivationReasonCode.ShuttingDown, "This process is terminating."), cancellationToken);
            }

            try
            {
                await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(Collection.DeactivationTimeout + TimeSpan.FromSeconds(1), Time, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OperationCanceledException or TimeoutException)
            {
                Logger.LogWarning("The silo {Silo} stops although {Count} activations are not done", Name, Activations().Length);
            }
        }

        await KillAsync().ConfigureAwait(false);
    }

    public void CollectIdle(TimeSpan? age)
    {
        foreach (var activation in Activations())
        {
            activation.DeactivateIfIdle(age
                ?? (Collection.ClassSpecificCollectionAge.TryGetValue(activation.Class.Class.FullName!, out var own) ? own : Collection.CollectionAge));
        }
    }

    public void Host(Activation activation)
    {
        lock (_lock)
        {
            _activations.Add(activation);
        }
    }

    public void Forget(Activation activation)
    {
        lock (_lock)
        {
            _activations.Remove(activation);
            if (_workers.TryGetValue(activation.GrainId, out var workers) && workers.Remove(activation) && workers.Count == 0)
            {
                _workers.Remove(activation.GrainId);
            }
        }
    }

    /// <summary>Remembers a call that left this silo, so that it fails when the silo dies.</summary>
    public void Track(Message message)
    {
        lock (_lock)
        {
            _calls.Add(message);
        }
    }

    public void Untrack(Message message)
    {
        lock (_lock)
        {
            _calls.Remove(message);
        }
    }

    /// <summary>The activation that a request from this silo goes to: the registered one, or a new one where the placement says.</summary>
    public async Task<Activation> LocateAsync(Message message)
    {
        var id = message.Target;
        var grainClass = GrainClass.Of(id);
        if (grainClass.MaxLocalWorkers > 0)
        {
            return LocalWorker(id, grainClass, message);
        }

        while (true)
        {
            if (Cluster.Lookup(id) is { } known)
            {
                return known;
            }

            var silo = await PlaceAsync(id, grainClass, GrainClass.InterfaceTypeOf(message.Method!.Method.DeclaringType!), message.RequestContext).ConfigureAwait(false);
            var activation = Cluster.GetOrRegister(id, silo, () => new Activation(id, grainClass, silo, message.RequestContext, null), out var created);
            if (created)
            {
                silo.Host(activation!);
                activation!.Start();
            }

            if (activation is not null)
            {
                return activation;
            }
        }
    }

    public async Task<InProcessSilo> PlaceAsync(GrainId id, GrainClass grainClass, GrainInterfaceType interfaceType, Dictionary<string, object>? requestContext)
    {
        var target = new PlacementTarget(id, requestContext, interfaceType, 0);
        var compatible = GetCompatibleSilos(target);
        var strategy = grainClass.Placement ?? Services.GetService<PlacementStrategy>() ?? new ResourceOptimizedPlacement();
        SiloAddress chosen;
        if (Services.GetKeyedService<IPlacementDirector>(strategy.GetType()) is { } director)
        {
            strategy = Services.GetKeyedService<PlacementStrategy>(strategy.GetType().Name) ?? strategy;
            strategy.Initialize(grainClass.Properties(Services));
            chosen = await director.OnAddActivation(strategy, target, this).ConfigureAwait(false);
        }
        else
        {
            chosen = IPlacementDirector.GetPlacementHint(requestContext, compatible) ?? Choose(strategy, id, compatible);
        }

        return Cluster.Find(chosen) ?? throw new OrleansException($"Placement chose the silo {chosen} for {id}, which is unknown.");
    }

    public SiloAddress[] GetCompatibleSilos(PlacementTarget target)
    {
        var grainClass = GrainClass.Of(target.GrainIdentity);
        SiloAddress[] silos = [.. Cluster.ActiveSilos().Select(silo => silo.Address).Order()];
        if (silos.Length > 0 && grainClass.HasFilters)
        {
            foreach (var (strategy, director) in grainClass.Filters(Services))
            {
                silos = [.. director.Filter(strategy, target, silos)];
            }
        }

        return silos.Length > 0
            ? silos
            : throw new OrleansException($"No active nodes are compatible with grain {grainClass.Type} and interface {target.InterfaceType} version {target.InterfaceVersion}.");
    }

    private SiloAddress Choose(PlacementStrategy strategy, GrainId id, SiloAddress[] silos) => strategy switch
    {
        PreferLocalPlacement when silos.Contains(Address) => Address,
        RandomPlacement or PreferLocalPlacement => silos[Random.Shared.Next(silos.Length)],
        HashBasedPlacement => silos[(id.GetHashCode() & int.MaxValue) % silos.Length],
        _ => silos.OrderBy(silo => Cluster.Find(silo)!.ActivationCount).ThenByDescending(silo => silo.Equals(Address)).First(),
    };

    private Activation LocalWorker(GrainId id, GrainClass grainClass, Message message)
    {
        Activation worker;
        lock (_lock)
        {
            var workers = _workers.TryGetValue(id, out var known) ? known : _workers[id] = [];
            var idlest = workers.Where(each => each.State is ActivationState.Activating or ActivationState.Valid).MinBy(each => each.Load);
            if (idlest is not null && (idlest.Load == 0 || workers.Count >= grainClass.MaxLocalWorkers))
            {
                return idlest;
            }

            worker = new Activation(id, grainClass, this, message.RequestContext, null);
            workers.Add(worker);
            _activations.Add(worker);
        }

        worker.Start();
        return worker;
    }

    private Activation[] Activations()
    {
        lock (_lock)
        {
            return [.. _activations];
        }
    }

    /// <summary>As <see cref="Kill"/>, and says so in the membership table.</summary>
    private async Task KillAsync()
    {
        Kill();
        if (_table is not null)
        {
            await _table.LeaveAsync(SiloStatus.Dead).ConfigureAwait(false);
            _table.Dispose();
        }
    }

    /// <summary>Dead from now on: activations vanish, calls from here and running calls to here fail.</summary>
    private void Kill()
    {
        if (CurrentStatus == SiloStatus.Dead)
        {
            return;
        }

        _collector?.Dispose();
        Cluster.Publish(this, SiloStatus.Dead);
        foreach (var activation in Activations())
        {
            activation.Abandon(new SiloUnavailableException($"The target silo {Address} became unavailable."));
        }

        Message[] calls;
        lock (_lock)
        {
            calls = [.. _calls];
            _calls.Clear();
        }

        foreach (var call in calls)
        {
            call.Completion.TrySetException(new SiloUnavailableException($"The local Orleans host is shutting down and can no longer process the request: {call}."));
        }
    }
}
