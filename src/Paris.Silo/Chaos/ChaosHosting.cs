using Paris.Silo.Devices;

namespace Paris.Silo.Chaos;

/// <summary>Makes a silo one that takes faults.</summary>
internal static class ChaosHosting
{
    /// <summary>Puts a switch before the silo's store and its workers', and starts the agent that throws it. After the store and the slots are registered.</summary>
    public static void AddChaos(this IServiceCollection services)
    {
        services.AddSingleton(x => new OutageFile(Path.Combine(Path.GetTempPath(), $"paris-outage-{Guid.NewGuid():N}"), x.GetRequiredService<TimeProvider>()));
        services.Decorate<IBlobStore>((store, provider) => provider.GetRequiredService<OutageFile>().Before(store));
        services.Decorate<ISlotDetector>((detector, provider) => new OutageSlots(detector, provider.GetRequiredService<OutageFile>()));
        services.AddHostedService<ChaosAgent>();
    }

    private static void Decorate<T>(this IServiceCollection services, Func<T, IServiceProvider, T> wrap)
        where T : class
    {
        var inner = services.Last(x => x.ServiceType == typeof(T));
        services.Remove(inner);
        services.AddSingleton(provider => wrap((T)(inner.ImplementationInstance ?? inner.ImplementationFactory!(provider)), provider));
    }

    /// <summary>Slots whose workers know the silo's switch.</summary>
    private sealed class OutageSlots(ISlotDetector inner, OutageFile file) : ISlotDetector
    {
        public IReadOnlyList<SlotDefinition> Detect() =>
            [.. inner.Detect().Select(x => x with { Environment = new Dictionary<string, string>(x.Environment) { [OutageFile.Variable] = file.Path } })];
    }
}
