using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Metadata;
using Orleans.Placement;

namespace Orleans.Runtime;

/// <summary>A grain class and what its attributes say. Classes are found in every loaded assembly and those they reference.</summary>
internal sealed class GrainClass
{
    private static readonly Lock ScanLock = new();
    private static readonly HashSet<string> ScannedAssemblies = [];
    private static readonly ConcurrentDictionary<GrainType, GrainClass> ByType = new();
    private static readonly ConcurrentDictionary<Type, GrainClass[]> ByInterface = new();

    private GrainClass(Type type)
    {
        Class = type;
        Type = TypeOf(type);
        Reentrant = type.GetCustomAttribute<ReentrantAttribute>() is not null;
        KeepAlive = type.GetCustomAttribute<KeepAliveAttribute>() is not null;
        Placement = type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy;
        MaxLocalWorkers = Placement is StatelessWorkerPlacement workers ? workers.MaxLocal : 0;
        HasFilters = type.GetCustomAttributes<PlacementFilterAttribute>().Any();
    }

    public Type Class { get; }

    public GrainType Type { get; }

    public bool Reentrant { get; }

    public bool KeepAlive { get; }

    /// <summary>The strategy on the class; null for the cluster's default.</summary>
    public PlacementStrategy? Placement { get; }

    /// <summary>Activations of one id on one silo; 0: one in the whole cluster.</summary>
    public int MaxLocalWorkers { get; }

    public bool HasFilters { get; }

    public static GrainInterfaceType InterfaceTypeOf(Type type) =>
        GrainInterfaceType.Create(type.GetCustomAttribute<AliasAttribute>()?.Alias ?? type.FullName!);

    public static GrainClass Of(GrainId id) =>
        ByType.TryGetValue(id.Type, out var found) || (Scan() && ByType.TryGetValue(id.Type, out found))
            ? found
            : throw new ArgumentException($"Could not find a grain class for the grain type {id.Type}");

    /// <summary>The class that implements a grain interface; a prefix of the class's full name chooses among several.</summary>
    public static GrainClass Implementing(Type type, string? prefix)
    {
        if (!type.IsInterface)
        {
            throw new ArgumentException($"Grain interfaces must be interfaces; {type} is none.");
        }

        var candidates = Candidates(type);
        if (!string.IsNullOrWhiteSpace(prefix))
        {
            candidates = [.. candidates.Where(candidate => candidate.Class.FullName!.StartsWith(prefix, StringComparison.Ordinal))];
        }

        return candidates switch
        {
            [] => throw new ArgumentException($"Could not find an implementation for interface {InterfaceTypeOf(type)}"),
            [var only] => only,
            _ => candidates.FirstOrDefault(candidate => candidate.Class.Name == type.Name.TrimStart('I'))
                ?? throw new ArgumentException(
                    $"Unable to identify a single appropriate grain type for interface {InterfaceTypeOf(type)}. Candidates: {string.Join(", ", candidates.Select(candidate => candidate.Type.ToString()))}"),
        };
    }

    /// <summary>The properties that the attributes give the class, as the cluster would publish them.</summary>
    public GrainProperties Properties(IServiceProvider services)
    {
        var values = new Dictionary<string, string>();
        foreach (var provider in Class.GetCustomAttributes().OfType<IGrainPropertiesProviderAttribute>())
        {
            provider.Populate(services, Class, Type, values);
        }

        return new GrainProperties(values.ToImmutableDictionary());
    }

    /// <summary>The class's placement filters, in order.</summary>
    public IEnumerable<(PlacementFilterStrategy Strategy, IPlacementFilterDirector Director)> Filters(IServiceProvider services)
    {
        var properties = Properties(services);
        var names = properties.Properties.GetValueOrDefault(WellKnownGrainTypeProperties.PlacementFilter, string.Empty)
            .Split(',', StringSplitOptions.RemoveEmptyEntries);
        var filters = new List<(PlacementFilterStrategy Strategy, IPlacementFilterDirector Director)>();
        foreach (var name in names)
        {
            var strategy = services.GetKeyedService<PlacementFilterStrategy>(name)
                ?? throw new KeyNotFoundException($"Could not resolve placement filter strategy {name} for grain type {Type}. Ensure that dependencies for that filter have been configured in the Container.");
            strategy.Initialize(properties);
            filters.Add((strategy, services.GetRequiredKeyedService<IPlacementFilterDirector>(strategy.GetType())));
        }

        if (filters.Select(filter => filter.Strategy.Order).Distinct().Count() != filters.Count)
        {
            throw new InvalidOperationException($"Found multiple placement filters with the same order value for grain type {Type}.");
        }

        return filters.OrderBy(filter => filter.Strategy.Order);
    }

    private static GrainType TypeOf(Type type)
    {
        var name = type.Name.ToLowerInvariant();
        return GrainType.Create(name.Length > 5 && name.EndsWith("grain", StringComparison.Ordinal) ? name[..^5] : name);
    }

    private static GrainClass[] Candidates(Type type)
    {
        var found = ByInterface.GetOrAdd(type, FindCandidates);
        if (found.Length == 0 && Scan())
        {
            found = ByInterface[type] = FindCandidates(type);
        }

        return found;
    }

    private static GrainClass[] FindCandidates(Type type)
    {
        Scan();
        return [.. ByType.Values.Where(candidate => type.IsAssignableFrom(candidate.Class))];
    }

    /// <returns>Whether a new assembly was found.</returns>
    private static bool Scan()
    {
        lock (ScanLock)
        {
            var own = typeof(GrainClass).Assembly.GetName().Name!;
            var found = false;
            var queue = new Queue<Assembly>(AppDomain.CurrentDomain.GetAssemblies().Where(assembly => !assembly.IsDynamic));
            while (queue.TryDequeue(out var assembly))
            {
                if (!ScannedAssemblies.Add(assembly.FullName!))
                {
                    continue;
                }

                found = true;
                var references = assembly.GetReferencedAssemblies();
                if (assembly.GetName().Name != own && references.All(reference => reference.Name != own))
                {
                    continue;
                }

                foreach (var type in assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false } && typeof(IGrainBase).IsAssignableFrom(type)))
                {
                    var grain = new GrainClass(type);
                    if (!ByType.TryAdd(grain.Type, grain) && ByType[grain.Type].Class != type)
                    {
                        throw new InvalidOperationException($"Two grain classes share the grain type {grain.Type}: {ByType[grain.Type].Class} and {type}.");
                    }
                }

                foreach (var reference in references.Where(reference => !reference.Name!.StartsWith("System", StringComparison.Ordinal) && !reference.Name.StartsWith("Microsoft", StringComparison.Ordinal)))
                {
                    try
                    {
                        queue.Enqueue(Assembly.Load(reference));
                    }
                    catch (Exception exception) when (exception is FileNotFoundException or FileLoadException or BadImageFormatException)
                    {
                        // A reference that is not shipped holds no grain of this process.
                    }
                }
            }

            return found;
        }
    }
}
