using Orleans;
using Paris.Core.Rest;
using Paris.Gateway.Runs;
using Paris.Grains.Abstractions;

namespace Paris.Gateway.Chaos;

/// <summary>Faults on purpose. Every method throws <see cref="Api.ApiException"/> for what cannot be done.</summary>
public interface IChaosService
{
    /// <summary>The silos that take faults.</summary>
    Task<ChaosView> GetAsync(CancellationToken cancellationToken);

    /// <summary>Asks a silo for a fault; returns a moment before it is carried out.</summary>
    Task OrderAsync(ChaosRequest request, CancellationToken cancellationToken);
}

/// <summary>Asks the grain.</summary>
internal sealed class GrainChaosService(IGrainFactory grains) : IChaosService
{
    public async Task<ChaosView> GetAsync(CancellationToken cancellationToken)
    {
        var offers = await GrainRunService.Ask(() => grains.Chaos().GetOffersAsync(), cancellationToken);
        return new ChaosView([.. offers.Select(x => new ChaosSiloView(x.Silo, x.Faults))]);
    }

    public Task OrderAsync(ChaosRequest request, CancellationToken cancellationToken)
        => GrainRunService.Ask(
            async () =>
            {
                await grains.Chaos().OrderAsync(new ChaosOrder { Fault = request.Fault, Silo = request.Silo, Job = request.Job ?? "", Seconds = request.Seconds });
                return true;
            },
            cancellationToken);
}
