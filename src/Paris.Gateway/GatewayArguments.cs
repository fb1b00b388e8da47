using Paris.Core;

namespace Paris.Gateway;

/// <summary>The arguments of the executable and the settings they set.</summary>
internal static class GatewayArguments
{
    public static ProgramArguments All { get; } = new(
        "paris gateway",
        "The REST API and the page of a cluster, as a client of its silos.",
        "paris gateway --store ./store --url http://127.0.0.1:8420",
        new("--store", "Paris:Store", "LOCATION", "The silos' store: a folder, a container's URL, or azure:CONNECTION-STRING;container=NAME."),
        new("--cluster-id", "Paris:ClusterId", "ID", "The silos' cluster (default paris)."),
        new("--service-id", "Paris:ServiceId", "ID", "Orleans' service id (default paris)."),
        new("--clustering", "Paris:Clustering", "KIND", "blob (silos are found through the store, the default) or none (Orleans' own configuration decides)."),
        new("--url", "Gateway:Url", "URL", $"Where it listens (default http://127.0.0.1:{GatewayOptions.DefaultPort})."),
        new("--token", "Gateway:Token", "TOKEN", "The bearer token of changes, at least 16 characters (default: a random one); better by the variable."),
        new("--allow-plaintext", "Gateway:AllowPlaintext", "", "Serve plain HTTP off loopback, for example behind a proxy that ends TLS."));
}
