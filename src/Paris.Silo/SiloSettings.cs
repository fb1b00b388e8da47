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

    /// <summary>The port for clients.</summary>
    public int GatewayPort { get; init; } = 30000;

    /// <summary>Silo port, on this machine, of the silo that keeps the membership; null: this silo keeps it.</summary>
    public int? PrimaryPort { get; init; }

    /// <summary>The address to listen on.</summary>
    /// <value>Loopback. Any other needs <see cref="AllowPlaintext"/>: the traffic between silos is not encrypted.</value>
    public string Listen { get; init; } = "127.0.0.1";

    /// <summary>Accept unencrypted traffic off this machine.</summary>
    public bool AllowPlaintext { get; init; }

    /// <summary>The command that starts a worker, and its arguments.</summary>
    /// <value>Empty: <c>dotnet Paris.Worker.dll</c>, found by <c>PARIS_WORKER</c> or beside this program.</value>
    public IReadOnlyList<string> Worker { get; init; } = [];

    /// <summary>Folders below which <c>file:</c> sources may be read; empty: any.</summary>
    public IReadOnlyList<string> SourceRoots { get; init; } = [];

    /// <summary>How long a worker may take to commit and stop before it is killed.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Move running jobs to faster free slots when it pays; <c>paris scale --rebalance</c> overrides it for the cluster.</summary>
    public bool Rebalance { get; init; }

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

    /// <summary>Refuses settings that cannot work.</summary>
    /// <exception cref="ParisInputException">What is wrong, where, and what would be right.</exception>
    public SiloSettings Validate()
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
        foreach (var (port, what) in new[] { (SiloPort, nameof(SiloPort)), (GatewayPort, nameof(GatewayPort)), (PrimaryPort ?? 1, nameof(PrimaryPort)) })
        {
            if (port is < 0 or > 65535)
            {
                throw new ParisInputException($"{what} is {port}; use a port from 1 to 65535.");
            }
        }

        if (!IPAddress.TryParse(Listen, out var address))
        {
            throw new ParisInputException($"Listen is '{Listen}'; use an IP address such as 127.0.0.1 or 0.0.0.0.");
        }

        if (!IPAddress.IsLoopback(address) && !AllowPlaintext)
        {
            throw new ParisInputException($"Listen is {Listen}: traffic between silos would leave this machine unencrypted; set AllowPlaintext on a network you trust, or listen on 127.0.0.1.");
        }

        return this;
    }
}
