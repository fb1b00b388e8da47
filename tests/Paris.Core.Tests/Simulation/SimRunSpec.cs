using Paris.Core.Scheduling;
using Paris.Core.Specs;

namespace Paris.Core.Tests.Simulation;

/// <summary>One submitted run.</summary>
internal sealed record SimRunSpec(RunSpec Spec, int Priority, DateTimeOffset Submitted, IReadOnlyList<PlannedJob> Plan)
{
    public string Name => Spec.Name;
}
