namespace Paris.Grains;

/// <summary>What membership knows, asked by the addresses that cross grain calls as text.</summary>
internal static class SiloDeaths
{
    /// <summary>Whether this silo's view of the membership has the silo of this address dead.</summary>
    public static bool IsDead(this ISiloStatusOracle silos, string address) =>
        address.Length > 0 && silos.IsDeadSilo(SiloAddress.FromParsableString(address));
}
