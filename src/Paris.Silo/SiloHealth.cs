namespace Paris.Silo;

/// <summary>Whether this silo takes work. Neither question calls a grain or reads the store.</summary>
/// <param name="oracle">What this silo knows of itself.</param>
/// <param name="agent">Reports to the scheduler.</param>
/// <param name="settings">How often it does.</param>
public sealed class SiloHealth(ISiloStatusOracle oracle, DeviceAgent agent, SiloSettings settings)
{
    /// <summary>Reports that may be lost in a row: a scheduler's silo that dies is back within this time.</summary>
    private const int LostReports = 7;

    /// <summary>Null when the silo has joined, its agent's reports reach the scheduler, and it does not drain; else one sentence.</summary>
    public string? NotReady()
    {
        if (agent.Draining)
        {
            return "the silo drains";
        }

        if (oracle.CurrentStatus != SiloStatus.Active)
        {
            return $"the silo is {oracle.CurrentStatus}";
        }

        return agent.SinceReport is not { } age ? "the scheduler has not heard of this silo yet"
            : age > settings.ReportPeriod * LostReports ? $"the scheduler took no report of this silo for {age.TotalSeconds:0} s"
            : null;
    }
}
