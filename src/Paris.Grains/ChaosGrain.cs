using Paris.Core.Rest;

namespace Paris.Grains;

/// <summary>Soft state only: an order that nobody took is refused, an offer that is not renewed is forgotten.</summary>
[KeepAlive]
public sealed class ChaosGrain(TimeProvider time) : Grain, IChaosGrain
{
    /// <summary>An agent asks twice a second; who has not asked for this long takes nothing.</summary>
    private static readonly TimeSpan _fresh = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (ChaosOffer Offer, long At)> _offers = new(StringComparer.Ordinal);
    private readonly List<(ChaosOrder Order, TaskCompletionSource Taken)> _orders = [];

    public async Task OrderAsync(ChaosOrder order)
    {
        Check(order);
        var waiting = (order, Taken: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _orders.Add(waiting);
        try
        {
            await waiting.Taken.Task.WaitAsync(_fresh, time);
        }
        catch (TimeoutException)
        {
            throw new ParisException(ParisException.Conflict, $"Silo '{order.Silo}' did not take the order within {_fresh.TotalSeconds:0} s; it has gone, or something else holds it up.");
        }
        finally
        {
            _orders.Remove(waiting);
        }
    }

    public Task<ChaosOrder?> TakeAsync(ChaosOffer offer)
    {
        _offers[offer.Silo] = (offer, time.GetTimestamp());
        var (order, taken) = _orders.Find(x => x.Order.Silo == offer.Silo && !x.Taken.Task.IsCompleted);
        taken?.TrySetResult();
        return Task.FromResult<ChaosOrder?>(order);
    }

    public Task<ChaosOffer[]> GetOffersAsync() => Task.FromResult<ChaosOffer[]>([.. Fresh().OrderBy(x => x.Silo, StringComparer.Ordinal)]);

    private IEnumerable<ChaosOffer> Fresh() => _offers.Values.Where(x => time.GetElapsedTime(x.At) < _fresh).Select(x => x.Offer);

    private void Check(ChaosOrder order)
    {
        try
        {
            new ChaosRequest(order.Fault, order.Silo, order.Job, order.Seconds).Validate();
        }
        catch (ParisInputException exception)
        {
            throw new ParisException(ParisException.BadInput, exception.Message);
        }

        var offer = Fresh().FirstOrDefault(x => x.Silo == order.Silo)
            ?? throw new ParisException(ParisException.BadInput, $"Silo '{order.Silo}' takes no faults; start it with --allow-chaos (Paris__AllowChaos=true), on a cluster that may lose work.");
        if (!offer.Faults.Contains(order.Fault))
        {
            throw new ParisException(ParisException.BadInput, $"Silo '{order.Silo}' cannot carry out {order.Fault}: it shares its process with others; silos started by 'paris silo' can.");
        }

        if (ChaosRequest.AimsAtAJob(order.Fault) && !offer.Jobs.Contains(order.Job))
        {
            throw new ParisException(ParisException.BadInput, $"Job '{order.Job}' has no worker on silo '{order.Silo}'.");
        }
    }
}
