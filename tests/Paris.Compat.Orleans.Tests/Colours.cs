using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;

namespace Paris.Compat.Orleans.Tests;

/// <summary>Only silos whose metadata names this colour.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsColourAttribute(string colour) : PlacementFilterAttribute(new ColourFilterStrategy(0, colour));

public sealed class ColourFilterStrategy(int order, string colour) : PlacementFilterStrategy(order)
{
    public ColourFilterStrategy()
        : this(0, "")
    {
    }

    public string Colour { get; private set; } = colour;

    public override void AdditionalInitialize(global::Orleans.Metadata.GrainProperties properties) =>
        Colour = GetPlacementFilterGrainProperty("colour", properties) ?? "";

    protected override IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) =>
        [new("colour", Colour)];
}

public sealed class ColourFilterDirector(ISiloMetadataCache metadata) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(silo => metadata.GetSiloMetadata(silo).Metadata.TryGetValue("colour", out var colour) && colour == ((ColourFilterStrategy)filterStrategy).Colour);
}
