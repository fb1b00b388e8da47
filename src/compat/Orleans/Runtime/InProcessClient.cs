using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Runtime;

/// <summary>Makes references and sends their calls: a silo's own way out, or a client of the cluster from outside it.</summary>
internal sealed class InProcessClient : IClusterClient
{
    private const int MaxForwards = 16;

    private readonly InProcessSilo? _silo;
    private readonly MessagingOptions _messaging;
    private readonly string _clusterId = "";
    private readonly int[]? _gatewayPorts;
    private volatile bool _stopped;

    public InProcessClient(InProcessSilo silo)
    {
        _silo = silo;
        _messaging = silo.Messaging;
        ServiceProvider = silo.Services;
        Time = silo.Time;
        Propagation = silo.Propagation;
    }

    [ActivatorUtilitiesConstructor]
    public InProcessClient(
        IServiceProvider services,
        TimeProvider time,
        IOptions<ClusterOptions> cluster,
        IOptions<ClientMessagingOptions> messaging,
        IOptions<StaticGatewayListProviderOptions> gateways)
    {
        ServiceProvider = services;
        Time = time;
        _messaging = messaging.Value;
        _clusterId = string.IsNullOrWhiteSpace(cluster.Value.ClusterId) ? "default" : cluster.Value.ClusterId;
        _gatewayPorts = gateways.Value.Gateways.Count > 0 ? [.. gateways.Value.Gateways.Select(gateway => gateway.Port)] : null;
        Propagation = services.GetService<ActivityPropagation>();
    }

    public IServiceProvider ServiceProvider { get; }

    private TimeProvider Time { get; }

    private ActivityPropagation? Propagation { get; }

    /// <summary>Sends a request again whose activation went away; from the same caller, unless its silo is the one that went.</summary>
    public static void Forward(Message message, InProcessSilo from)
    {
        if (++message.Forwards > MaxForwards)
        {
            message.Completion.TrySetException(new OrleansMessageRejectionException($"Forwarding failed: tried to forward message {message} {message.Forwards} times."));
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => DispatchAsync(message, from));
        }
    }

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey =>
        (TGrainInterface)Reference(typeof(TGrainInterface), GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey =>
        (TGrainInterface)Reference(typeof(TGrainInterface), GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey =>
        (TGrainInterface)Reference(typeof(TGrainInterface), StringKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => (TGrainInterface)CreateReference(typeof(TGrainInterface), grainId);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) =>
        (IGrain)Reference(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) =>
        (IGrain)Reference(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => (IGrain)Reference(grainInterfaceType, StringKey(grainPrimaryKey), null);

    public object CreateReference(Type type, GrainId id) => GrainReference.Create(type, id, this);

    /// <summary>Calls a grain method: copies the arguments, finds the activation, waits for the copied result.</summary>
    public Task<object?> CallAsync(GrainId target, MethodShape method, object?[] arguments)
    {
        var copies = new object?[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            if (i != method.TokenIndex)
            {
                copies[i] = method.ImmutableParameter[i] ? arguments[i] : DeepCopier.CopyObject(arguments[i]);
            }
        }

        var token = method.TokenIndex >= 0 ? (CancellationToken)arguments[method.TokenIndex]! : default;
        if (token.IsCancellationRequested)
        {
            return Task.FromCanceled<object?>(token);
        }

        CancellationTokenSource? cancellation = null;
        if (method.TokenIndex >= 0)
        {
            cancellation = new CancellationTokenSource();
            copies[method.TokenIndex] = cancellation.Token;
        }

        var values = RequestContext.Snapshot;
        var message = new Message
        {
            Target = target,
            Method = method,
            Arguments = copies,
            RequestContext = values?.ToDictionary(pair => pair.Key, pair => DeepCopier.CopyObject(pair.Value)!),
            Activity = Propagation is null ? null : Activity.Current?.Context,
            Sender = _silo,
            SenderClient = this,
            Cancellation = cancellation,
            AlwaysInterleave = method.AlwaysInterleave,
            ReadOnly = method.ReadOnly,
        };

        InProcessSilo from;
        try
        {
            from = Entry();
        }
        catch (Exception exception)
        {
            return Task.FromException<object?>(exception);
        }

        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => DispatchAsync(message, from));
        }

        return method.OneWay ? Task.FromResult<object?>(null) : AwaitAsync(message, token);
    }

    /// <exception cref="SiloUnavailableException">No silo can be reached.</exception>
    public InProcessSilo Entry()
    {
        if (_stopped)
        {
            throw new SiloUnavailableException("The local Orleans client is stopped.");
        }

        if (_silo is null)
        {
            return InProcessCluster.FindGateway(_clusterId, _gatewayPorts)
                ?? throw new SiloUnavailableException($"Could not find any gateway of the cluster {_clusterId}{(_gatewayPorts is null ? "" : " at port " + string.Join(", ", _gatewayPorts))}.");
        }

        return _silo.CurrentStatus is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Joining
            ? _silo
            : throw new SiloUnavailableException($"The local silo {_silo.Address} is {_silo.CurrentStatus}.");
    }

    public void Stop() => _stopped = true;

    private static async Task DispatchAsync(Message message, InProcessSilo from)
    {
        try
        {
            while (!message.Abandoned)
            {
                // A request that outlived the silo it left from enters by another.
                var entry = from.CurrentStatus == SiloStatus.Dead && message.Sender != from
                    ? from.Cluster.ActiveSilos().FirstOrDefault() ?? from
                    : from;
                var activation = await entry.LocateAsync(message).ConfigureAwait(false);
                if (activation.TryReceive(message))
                {
                    return;
                }

                // The activation ended between the lookup and now; its registration goes with it.
                await Task.Yield();
            }
        }
        catch (Exception exception)
        {
            message.Completion.TrySetException(exception);
        }
    }

    private async Task<object?> AwaitAsync(Message message, CancellationToken token)
    {
        _silo?.Track(message);
        await using var registration = token.UnsafeRegister(static state => ((Message)state!).Cancellation!.Cancel(), message).ConfigureAwait(false);
        var timeout = message.Method!.ResponseTimeout ?? _messaging.ResponseTimeout;
        try
        {
            return await message.Completion.Task
                .WaitAsync(timeout, Time, _messaging.WaitForCancellationAcknowledgement ? default : token)
                .ConfigureAwait(false);
        }
        catch (TimeoutException) when (!message.Completion.Task.IsCompleted)
        {
            if (_messaging.CancelRequestOnTimeout)
            {
                message.Cancellation?.Cancel();
            }

            var failure = new TimeoutException($"Response did not arrive on time in {timeout} for message: {message}.");
            message.Completion.TrySetException(failure);
            throw failure;
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // Said again here: this continuation may run before the registration's callback and dispose it.
            message.Cancellation!.Cancel();
            message.Completion.TrySetCanceled(token);
            throw;
        }
        finally
        {
            _silo?.Untrack(message);

            // Whoever gave up has no use for the late answer, nor for its failure.
            _ = message.Completion.Task.Exception;
        }
    }

    private object Reference(Type type, IdSpan key, string? prefix) =>
        CreateReference(type, new GrainId(GrainClass.Implementing(type, prefix).Type, key));

    private static IdSpan StringKey(string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key, nameof(key));
        return IdSpan.Create(key);
    }
}
