using Paris.Core.Rest;

namespace Paris.Silo.Chaos;

/// <summary>
/// Carries faults out on this silo, for <c>paris chaos</c>. It exists only on a silo started with AllowChaos: no other silo ever asks for
/// an order.
/// </summary>
public sealed class ChaosAgent(SiloSettings settings, DeviceAgent agent, IGrainFactory grains, OutageFile outage, TimeProvider time, ILogger<ChaosAgent> logger) : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(0.5);

    /// <summary>How long a silo lives on after it took the order to go: time for the answer to whoever ordered it.</summary>
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(0.3);

    private readonly ChaosFault[] _faults = settings.OwnProcess && Environment.ProcessId != 1
        ? Enum.GetValues<ChaosFault>()
        : [ChaosFault.WorkerKill, ChaosFault.WorkerPause, ChaosFault.StorageOutage];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ChaosLog.Allowed(logger, settings.Name, string.Join(", ", _faults));
        using var timer = new PeriodicTimer(_period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await TurnAsync(stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async Task TurnAsync(CancellationToken cancellationToken)
    {
        try
        {
            var workers = agent.Workers;
            var order = await grains.Chaos().TakeAsync(new ChaosOffer { Silo = settings.Name, Faults = _faults, Jobs = [.. workers.Keys] }).ConfigureAwait(false);
            if (order is null)
            {
                return;
            }

            ChaosLog.Carries(logger, settings.Name, order.Fault, order.Job, order.Seconds);
            if (order.Fault is ChaosFault.SiloKill or ChaosFault.SiloPause)
            {
                await Task.Delay(_farewell, time, cancellationToken).ConfigureAwait(false);
            }

            Carry(order);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            ChaosLog.Lost(logger, settings.Name, exception);
        }
    }

    private void Carry(ChaosOrder order)
    {
        var workers = agent.Workers;
        var duration = TimeSpan.FromSeconds(order.Seconds);
        switch (order.Fault)
        {
            case ChaosFault.WorkerKill when workers.TryGetValue(order.Job, out var worker):
                Signals.Kill(worker);
                break;
            case ChaosFault.WorkerPause when workers.TryGetValue(order.Job, out var worker):
                Signals.Pause([worker], duration);
                break;
            case ChaosFault.SiloKill:
                Signals.Kill(Environment.ProcessId);
                break;
            case ChaosFault.SiloPause:
                Signals.Pause([Environment.ProcessId, .. workers.Values], duration);
                break;
            case ChaosFault.StorageOutage:
                outage.Begin(duration);
                break;
        }
    }
}
