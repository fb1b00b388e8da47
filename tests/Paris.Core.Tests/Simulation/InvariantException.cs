namespace Paris.Core.Tests.Simulation;

/// <summary>An invariant of DESIGN section 5 does not hold.</summary>
internal sealed class InvariantException(string message) : Exception(message)
{
    public static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new InvariantException(message);
        }
    }
}
