using Microsoft.Extensions.Logging;

namespace Paris.Grains;

/// <inheritdoc cref="IExpertGrain"/>
[KeepAlive]
public sealed class ExpertGrain(
    IBlobStore store, IDeviceAgent agent, ISiloStatusOracle silos, ParisInstruments instruments, RetryBudgetOptions retries, TimeProvider time, ILogger<ExpertGrain> logger)
    : JobGrain(store, agent, silos, instruments, retries, time, logger), IExpertGrain;

/// <inheritdoc cref="IRouterTrainerGrain"/>
[KeepAlive]
public sealed class RouterTrainerGrain(
    IBlobStore store, IDeviceAgent agent, ISiloStatusOracle silos, ParisInstruments instruments, RetryBudgetOptions retries, TimeProvider time, ILogger<RouterTrainerGrain> logger)
    : JobGrain(store, agent, silos, instruments, retries, time, logger), IRouterTrainerGrain;

/// <inheritdoc cref="IClusteringJobGrain"/>
[KeepAlive]
public sealed class ClusteringJobGrain(
    IBlobStore store, IDeviceAgent agent, ISiloStatusOracle silos, ParisInstruments instruments, RetryBudgetOptions retries, TimeProvider time, ILogger<ClusteringJobGrain> logger)
    : JobGrain(store, agent, silos, instruments, retries, time, logger), IClusteringJobGrain;

/// <inheritdoc cref="IPreparationJobGrain"/>
[KeepAlive]
public sealed class PreparationJobGrain(
    IBlobStore store, IDeviceAgent agent, ISiloStatusOracle silos, ParisInstruments instruments, RetryBudgetOptions retries, TimeProvider time, ILogger<PreparationJobGrain> logger)
    : JobGrain(store, agent, silos, instruments, retries, time, logger), IPreparationJobGrain;

/// <inheritdoc cref="ISamplerGrain"/>
[KeepAlive]
public sealed class SamplerGrain(
    IBlobStore store, IDeviceAgent agent, ISiloStatusOracle silos, ParisInstruments instruments, RetryBudgetOptions retries, TimeProvider time, ILogger<SamplerGrain> logger)
    : JobGrain(store, agent, silos, instruments, retries, time, logger), ISamplerGrain;
