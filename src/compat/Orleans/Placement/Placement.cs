using System.Collections.Immutable;
using System.Globalization;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Metadata
{
    /// <summary>What a grain class tells the cluster of itself, as text.</summary>
    [GenerateSerializer, Immutable]
    public sealed class GrainProperties(ImmutableDictionary<string, string> values)
    {
        [Id(0)]
        public ImmutableDictionary<string, string> Properties { get; } = values;
    }

    /// <summary>An attribute that adds to a grain class's <see cref="GrainProperties"/>.</summary>
    public interface IGrainPropertiesProviderAttribute
    {
        void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties);
    }

    /// <summary>Keys of <see cref="GrainProperties"/>.</summary>
    public static class WellKnownGrainTypeProperties
    {
        public const string PlacementStrategy = "placement-strategy";

        public const string PlacementFilter = "placement-filter";
    }
}

namespace Orleans.Runtime
{
    /// <summary>Names the director that chooses the silo of a new activation.</summary>
    public abstract class PlacementStrategy
    {
        public virtual bool IsUsingGrainDirectory => true;

        public virtual void Initialize(GrainProperties properties)
        {
        }

        public virtual void PopulateGrainProperties(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
            properties[WellKnownGrainTypeProperties.PlacementStrategy] = GetType().Name;
    }

    public sealed class RandomPlacement : PlacementStrategy;

    public sealed class PreferLocalPlacement : PlacementStrategy;

    public sealed class HashBasedPlacement : PlacementStrategy;

    public sealed class ActivationCountBasedPlacement : PlacementStrategy;

    public sealed class ResourceOptimizedPlacement : PlacementStrategy;

    internal sealed class StatelessWorkerPlacement : PlacementStrategy
    {
        public StatelessWorkerPlacement()
            : this(-1)
        {
        }

        public StatelessWorkerPlacement(int maxLocal) => MaxLocal = maxLocal > 0 ? maxLocal : Environment.ProcessorCount;

        public override bool IsUsingGrainDirectory => false;

        public int MaxLocal { get; }
    }
}

namespace Orleans.Placement
{
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public abstract class PlacementAttribute : Attribute, IGrainPropertiesProviderAttribute
    {
        protected PlacementAttribute(PlacementStrategy placement)
        {
            ArgumentNullException.ThrowIfNull(placement);
            PlacementStrategy = placement;
        }

        public PlacementStrategy PlacementStrategy { get; }

        public virtual void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
            PlacementStrategy.PopulateGrainProperties(services, grainClass, grainType, properties);
    }

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class RandomPlacementAttribute() : PlacementAttribute(new RandomPlacement());

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(new PreferLocalPlacement());

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class HashBasedPlacementAttribute() : PlacementAttribute(new HashBasedPlacement());

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class ResourceOptimizedPlacementAttribute() : PlacementAttribute(new ResourceOptimizedPlacement());

    /// <summary>Says which silos an activation may live on, before the placement strategy chooses among them.</summary>
    public abstract class PlacementFilterStrategy(int order)
    {
        /// <summary>Filters of one grain class run in this order; two of them need different orders.</summary>
        public int Order { get; private set; } = order;

        public void Initialize(GrainProperties properties)
        {
            Order = int.TryParse(GetPlacementFilterGrainProperty("order", properties), NumberStyles.Integer, CultureInfo.InvariantCulture, out var parsed)
                ? parsed
                : throw new ArgumentException("Invalid order property value.");
            AdditionalInitialize(properties);
        }

        public virtual void AdditionalInitialize(GrainProperties properties)
        {
        }

        public void PopulateGrainProperties(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            var name = GetType().Name;
            properties[WellKnownGrainTypeProperties.PlacementFilter] =
                properties.TryGetValue(WellKnownGrainTypeProperties.PlacementFilter, out var existing) ? $"{existing},{name}" : name;
            properties[PropertyKey("order")] = Order.ToString(CultureInfo.InvariantCulture);
            foreach (var (key, value) in GetAdditionalGrainProperties(services, grainClass, grainType, properties))
            {
                properties[PropertyKey(key)] = value;
            }
        }

        protected string? GetPlacementFilterGrainProperty(string key, GrainProperties properties) =>
            properties.Properties.GetValueOrDefault(PropertyKey(key));

        protected virtual IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
            IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) => [];

        private string PropertyKey(string key) => $"{WellKnownGrainTypeProperties.PlacementFilter}.{GetType().Name}.{key}";
    }

    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public abstract class PlacementFilterAttribute : Attribute, IGrainPropertiesProviderAttribute
    {
        protected PlacementFilterAttribute(PlacementFilterStrategy placement)
        {
            ArgumentNullException.ThrowIfNull(placement);
            PlacementFilterStrategy = placement;
        }

        public PlacementFilterStrategy PlacementFilterStrategy { get; }

        public virtual void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
            PlacementFilterStrategy.PopulateGrainProperties(services, grainClass, grainType, properties);
    }

    public interface IPlacementFilterDirector
    {
        IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, Runtime.Placement.PlacementTarget target, IEnumerable<SiloAddress> silos);
    }
}

namespace Orleans.Runtime.Placement
{
    /// <summary>The grain to place and the request that asked for it.</summary>
    public readonly struct PlacementTarget(
        GrainId grainIdentity, Dictionary<string, object>? requestContextData, GrainInterfaceType interfaceType, ushort interfaceVersion)
    {
        public GrainId GrainIdentity { get; } = grainIdentity;

        public GrainInterfaceType InterfaceType { get; } = interfaceType;

        public ushort InterfaceVersion { get; } = interfaceVersion;

        public Dictionary<string, object> RequestContextData { get; } = requestContextData!;
    }

    public interface IPlacementContext
    {
        SiloAddress LocalSilo { get; }

        SiloStatus LocalSiloStatus { get; }

        /// <summary>The active silos that know the grain class and pass its filters.</summary>
        SiloAddress[] GetCompatibleSilos(PlacementTarget target);
    }

    /// <summary>Chooses the silo of a new activation.</summary>
    public interface IPlacementDirector
    {
        /// <summary>Key of the request context under which a caller may name a silo.</summary>
        const string PlacementHintKey = nameof(PlacementHintKey);

        Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);

        /// <summary>The silo named by the request, if it is among <paramref name="compatibleSilos"/>.</summary>
        static SiloAddress? GetPlacementHint(Dictionary<string, object>? requestContextData, SiloAddress[] compatibleSilos) =>
            requestContextData is not null
            && requestContextData.TryGetValue(PlacementHintKey, out var value)
            && value is SiloAddress hint
            && compatibleSilos.Contains(hint)
                ? hint
                : null;
    }
}
