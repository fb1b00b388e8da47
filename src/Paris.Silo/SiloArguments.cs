namespace Paris.Silo;

/// <summary>Short arguments of the executable and the settings they set.</summary>
internal static class SiloArguments
{
    public static Dictionary<string, string> Mappings { get; } = new[]
    {
        nameof(SiloSettings.Name), nameof(SiloSettings.Role), nameof(SiloSettings.Store), nameof(SiloSettings.Slots), nameof(SiloSettings.Threads),
        nameof(SiloSettings.Gpus), nameof(SiloSettings.ClusterId), nameof(SiloSettings.ServiceId), nameof(SiloSettings.SiloPort), nameof(SiloSettings.GatewayPort),
        nameof(SiloSettings.PrimaryPort), nameof(SiloSettings.Listen), nameof(SiloSettings.AllowPlaintext), nameof(SiloSettings.AllowChaos), "MetricsUrl",
    }.ToDictionary(x => "--" + string.Concat(x.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString())), x => "Paris:" + x);
}
