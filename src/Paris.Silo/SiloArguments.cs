namespace Paris.Silo;

/// <summary>The arguments of the executable and the settings they set.</summary>
internal static class SiloArguments
{
    public static ProgramArguments All { get; } = new(
        "paris silo",
        "One silo of a cluster: it decides with the other silos, and runs workers on its devices.",
        "paris silo --store ./store --name silo-0 --slots 2 --silo-port 11111 --gateway-port 30000",
        Of(nameof(SiloSettings.Store), "LOCATION", "Where the cluster's state is: a folder, a container's URL, or azure:CONNECTION-STRING;container=NAME."),
        Of(nameof(SiloSettings.Name), "NAME", "The silo's name, unique in its cluster (default: the machine's)."),
        Of(nameof(SiloSettings.Role), "ROLE", "device (runs workers, the default) or control (has no slots)."),
        Of(nameof(SiloSettings.Slots), "N", "Workers at a time (default: one a GPU, or the processors by --threads)."),
        Of(nameof(SiloSettings.Threads), "N", "Threads for tensor operations a worker (default 1)."),
        Of(nameof(SiloSettings.Gpus), "true|false", "Use the GPUs that nvidia-smi lists (default true)."),
        Of(nameof(SiloSettings.ClusterId), "ID", "Silos and gateways of one id form one cluster (default paris)."),
        Of(nameof(SiloSettings.ServiceId), "ID", "Orleans' service id (default paris)."),
        Of(nameof(SiloSettings.SiloPort), "PORT", "For other silos (default 11111)."),
        Of(nameof(SiloSettings.GatewayPort), "PORT", "For gateways (default 30000; 0: none)."),
        Of(nameof(SiloSettings.Listen), "IP", "Where both ports listen (default 127.0.0.1)."),
        Of(nameof(SiloSettings.AdvertisedAddress), "IP", "What the others connect to (default: --listen); on Kubernetes the pod's address."),
        Of(nameof(SiloSettings.AllowPlaintext), "", "Accept unencrypted traffic off this machine."),
        Of(nameof(SiloSettings.HttpUrl), "URL", "Serves /healthz, /readyz and /metrics (default http://127.0.0.1:9464)."),
        Of(nameof(SiloSettings.AllowChaos), "", "Let 'paris chaos' carry out faults on this silo."),
        Of(nameof(SiloSettings.Clustering), "KIND", "blob (membership in the store, the default) or none (Orleans' own configuration decides)."));

    private static ProgramArgument Of(string setting, string value, string help) => new(
        "--" + string.Concat(setting.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString())),
        "Paris:" + setting,
        value,
        help);
}
