namespace Orleans.Runtime;

internal sealed class ManagementGrain(InProcessSilo silo) : Grain, IManagementGrain
{
    public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false) =>
        Task.FromResult(silo.GetApproximateSiloStatuses(onlyActive));

    public Task<int> GetTotalActivationCount() => Task.FromResult(silo.Cluster.ActiveSilos().Sum(each => each.ActivationCount));

    public ValueTask<SiloAddress> GetActivationAddress(IAddressable reference) =>
        new(silo.Cluster.Lookup(reference.GetGrainId())?.Silo.Address!);

    public Task ForceActivationCollection(TimeSpan ageLimit)
    {
        foreach (var each in silo.Cluster.ActiveSilos())
        {
            each.CollectIdle(ageLimit);
        }

        return Task.CompletedTask;
    }
}
