using Paris.Core.Storage;

namespace Paris.Core.Faults;

/// <summary>A fault that was asked for (<see cref="FaultPoints"/>).</summary>
public sealed class FaultInjectedException(FaultPoint point, string subject)
    : StorageFaultException($"Injected fault at {FaultRule.NameOf(point)}{(subject.Length > 0 ? $" of {subject}" : "")}.")
{
    public FaultPoint Point => point;
}
