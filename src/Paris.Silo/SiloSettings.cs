using System.Net;
using Paris.Silo.Workers;

namespace Paris.Silo;

/// <summary>How one silo is set up: section <c>Paris</c> of the configuration, environment <c>Paris__…</c>, or arguments.</summary>
public sealed record SiloSettings
{
    /// <summary>The silo's name, unique in its cluster.</summary>
    /// <value>The machine's name.</value>
    public string Name { get; init; } = Environment.MachineName.ToLowerInvariant();

    /// <summary><c>device</c> (runs workers) or <c>control</c> (has no slots).</summary>
    public string Role { get; init; } = DeviceRole;

    /// <summary>Where the store is; see <see cref="BlobStoreFactory"/>. May hold a secret: never logged.</summary>
    public string Store { get; init; } = "";

    /// <summary>Workers at a time. Null: one a GPU, or one per <see cref="Threads"/> processors where there is none.</summary>
    public int? Slots { get; init; }

    /// <summary>Threads for tensor operations a worker; null takes 1 on the CPU.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Use GPUs where <c>nvidia-smi</c> finds some.</summary>
    public bool Gpus { get; init; } = true;

    public string ClusterId { get; init; } = "paris";

    public string ServiceId { get; init; } = "paris";

    /// <summary>The port for other silos.</summary>
    public int SiloPort { get; init; } = 11111;

    /// <summary>The port for clients; 0: none.</summary>
    public int GatewayPort { get; init; } = 30000;

    /// <summary>The address on which both ports listen.</summary>
    /// <value>Loopback. Any other needs encryption between silos, or <see cref="AllowPlaintext"/>.</value>
    public string Listen { get; init; } = "127.0.0.1";

    /// <summary>The address that other silos and clients connect to.</summary>
    /// <value>Empty: <see cref="Listen"/>.</value>
    public string AdvertisedAddress { get; init; } = "";

    /// <summary>Accept unencrypted traffic off this machine.</summary>
    public bool AllowPlaintext { get; init; }

    /// <summary>Where the executable serves <c>/healthz</c>, <c>/readyz</c> and <c>/metrics</c>.</summary>
    public string HttpUrl { get; init; } = "http://127.0.0.1:9464";

    /// <summary><c>blob</c>: membership lies in the store; <c>none</c>: Orleans' own configuration (<c>Orleans:Clustering</c>) decides.</summary>
    public string Clustering { get; init; } = BlobClustering;

    /// <summary>The command that starts a worker, and its arguments.</summary>
    /// <value>Empty: <c>dotnet Paris.Worker.dll</c>, found by <c>PARIS_WORKER</c> or beside this program.</value>
    public IReadOnlyList<string> Worker { get; init; } = [];

    /// <summary>Folders below which <c>file:</c> sources may be read.</summary>
    /// <value>Empty: any, as long as the silo listens on loopback; a silo that others reach then reads none.</value>
    public IReadOnlyList<string> SourceRoots { get; init; } = [];

    /// <summary>How long a worker may take to commit and stop before it is killed.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Move running jobs to faster free slots when it pays; <c>paris scale --rebalance</c> overrides it for the cluster.</summary>
    public bool Rebalance { get; init; }

    /// <summary>How long a grain may take to leave; above <see cref="StopGrace"/>.</summary>
    public TimeSpan DeactivationTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How long the process takes at most from SIGTERM to its end; above <see cref="DeactivationTimeout"/>, below the platform's grace period.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the agent reports.</summary>
    public TimeSpan ReportPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>When a worker counts as slow or hung.</summary>
    public WatchdogSettings Watchdog { get; init; } = new();

    /// <summary>Take faults from <c>paris chaos</c>: for clusters that may lose work.</summary>
    public bool AllowChaos { get; init; }

    /// <summary>The silo has a process of its own, which it may kill or freeze; its program says so, not a configuration.</summary>
    public bool OwnProcess { get; init; }

    public const string DeviceRole = "device";

    public const string ControlRole = "control";

    public const string BlobClustering = "blob";

    public const string NoClustering = "none";

    /// <summary>What workers may read; null: everything that this user may.</summary>
    public IReadOnlyList<string>? AllowedSources => SourceRoots.Count == 0 && IsLocal ? null : SourceRoots;

    /// <summary>Only this machine reaches the silo.</summary>
    public bool IsLocal => IPAddress.IsLoopback(IPAddress.Parse(Listen));

    /// <summary>The address that others connect to.</summary>
    internal IPAddress Advertised => IPAddress.Parse(AdvertisedAddress.Length > 0 ? AdvertisedAddress : Listen);

    /// <summary>Refuses settings that cannot work.</summary>
    /// <param name="encrypted">The traffic between silos is encrypted.</param>
    /// <exception cref="ParisInputException">What is wrong, where, and what would be right.</exception>
    public SiloSettings Validate(bool encrypted = false)
    {
        if (Role is not (DeviceRole or ControlRole))
        {
            throw new ParisInputException($"The silo's role is '{Role}'; use '{DeviceRole}' or '{ControlRole}'.");
        }

        if (Slots is { } slots && Role == DeviceRole && slots < 1)
        {
            throw new ParisInputException($"The silo has {slots} slots; a device silo needs at least 1, a silo without slots has the role '{ControlRole}'.");
        }

        if (Threads < 1)
        {
            throw new ParisInputException($"Threads is {Threads}; a worker needs at least 1.");
        }

        if (string.IsNullOrWhiteSpace(Name) || Name.Any(c => char.IsControl(c) || c == '/'))
        {
            throw new ParisInputException($"The silo's name is '{Name}'; use a plain name such as the host's.");
        }

        Watchdog.Validate();
        if (Clustering is not (BlobClustering or NoClustering))
        {
            throw new ParisInputException($"Clustering is '{Clustering}'; use '{BlobClustering}' (membership in the store) or '{NoClustering}' (Orleans:Clustering of the configuration).");
        }

        if (!(StopGrace < DeactivationTimeout && DeactivationTimeout < ShutdownTimeout))
        {
            throw new ParisInputException($"StopGrace {StopGrace}, DeactivationTimeout {DeactivationTimeout} and ShutdownTimeout {ShutdownTimeout} must rise in this order: a worker's commit, its grain's leave, the process's end.");
        }

        ValidateNetwork(encrypted);
        return this;
    }

    private void ValidateNetwork(bool encrypted)
    {
        if (SiloPort is < 1 or > 65535)
        {
            throw new ParisInputException($"SiloPort is {SiloPort}; use a port from 1 to 65535.");
        }

        if (GatewayPort is < 0 or > 65535)
        {
            throw new ParisInputException($"GatewayPort is {GatewayPort}; use a port from 1 to 65535, or 0 for none.");
        }

        if (!IPAddress.TryParse(Listen, out var listen))
        {
            throw new ParisInputException($"Listen is '{Listen}'; use an IP address such as 127.0.0.1 or 0.0.0.0.");
        }

        if (!IPAddress.IsLoopback(listen) && !encrypted && !AllowPlaintext)
        {
            throw new ParisInputException($"Listen is {Listen}: traffic between silos would leave this machine unencrypted; use TLS (docs/operations.md), set AllowPlaintext on a network you trust, or listen on 127.0.0.1.");
        }

        if (AdvertisedAddress.Length > 0 && (!IPAddress.TryParse(AdvertisedAddress, out var advertised) || IsAny(advertised)))
        {
            throw new ParisInputException($"AdvertisedAddress is '{AdvertisedAddress}'; use the IP address by which other machines reach this one.");
        }

        if (AdvertisedAddress.Length == 0 && IsAny(listen))
        {
            throw new ParisInputException($"Listen is {Listen}, which is no address to connect to; set AdvertisedAddress to this machine's (on Kubernetes Paris__AdvertisedAddress from status.podIP).");
        }
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
