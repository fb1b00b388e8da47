using System.Net;

namespace Orleans.Configuration;

/// <summary>Which cluster a silo or client belongs to.</summary>
public class ClusterOptions
{
    /// <value>Silos with one id form one cluster.</value>
    public string ClusterId { get; set; } = null!;

    /// <value>Names the service beyond the life of a cluster.</value>
    public string ServiceId { get; set; } = null!;
}

public class SiloOptions
{
    /// <value>The silo's name for people; default <c>Silo_</c> and five characters.</value>
    public string SiloName { get; set; } = null!;
}

/// <summary>Addresses of a silo. In one process they are names only: nothing listens on them.</summary>
public class EndpointOptions
{
    public const int DEFAULT_SILO_PORT = 11111;

    public const int DEFAULT_GATEWAY_PORT = 30000;

    public IPAddress AdvertisedIPAddress { get; set; } = IPAddress.Loopback;

    public int SiloPort { get; set; } = DEFAULT_SILO_PORT;

    public int GatewayPort { get; set; } = DEFAULT_GATEWAY_PORT;

    public IPEndPoint? SiloListeningEndpoint { get; set; }

    public IPEndPoint? GatewayListeningEndpoint { get; set; }
}

/// <summary>Failure detection. A killed in-process silo is known dead at once, so these are kept and have no effect.</summary>
public class ClusterMembershipOptions
{
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    public int NumMissedProbesLimit { get; set; } = 3;

    public int NumProbedSilos { get; set; } = 10;

    public int NumVotesForDeathDeclaration { get; set; } = 2;

    public TimeSpan DeathVoteExpirationTimeout { get; set; } = TimeSpan.FromMinutes(2);

    public TimeSpan TableRefreshTimeout { get; set; } = TimeSpan.FromMinutes(1);

    public TimeSpan IAmAliveTablePublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public int NumMissedTableIAmAliveLimit { get; set; } = 3;

    public TimeSpan MaxJoinAttemptTime { get; set; } = TimeSpan.FromMinutes(5);

    public bool EnableIndirectProbes { get; set; } = true;

    public TimeSpan DefunctSiloExpiration { get; set; } = TimeSpan.FromDays(7);

    public TimeSpan? DefunctSiloCleanupPeriod { get; set; } = TimeSpan.FromHours(1);
}

/// <summary>When activations are dropped, and how long they may take to come and go.</summary>
public class GrainCollectionOptions
{
    /// <value>Idle time after which an activation is dropped.</value>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <value>Time between two searches for idle activations.</value>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>Idle time by the full name of a grain class.</value>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = [];

    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

public abstract class MessagingOptions
{
    /// <value>How long a caller waits for a reply.</value>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>Whether a timeout also cancels the callee's token.</value>
    public bool CancelRequestOnTimeout { get; set; }

    /// <value>Whether a cancelled caller waits for the callee's answer.</value>
    public bool WaitForCancellationAcknowledgement { get; set; }
}

public class SiloMessagingOptions : MessagingOptions
{
    public TimeSpan SystemResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan MaxRequestProcessingTime { get; set; } = TimeSpan.FromHours(2);
}

public class ClientMessagingOptions : MessagingOptions;

public class GatewayOptions
{
    public TimeSpan GatewayListRefreshPeriod { get; set; } = TimeSpan.FromMinutes(1);
}

public class GrainDirectoryOptions
{
    public int CacheSize { get; set; } = 1_000_000;

    public int PartitionsPerSilo { get; set; } = 1;
}

public class DevelopmentClusterMembershipOptions
{
    /// <value>The silo that keeps the membership; silos with the same one form a cluster.</value>
    public IPEndPoint? PrimarySiloEndpoint { get; set; }
}

public class StaticGatewayListProviderOptions
{
    public List<Uri> Gateways { get; set; } = [];
}
