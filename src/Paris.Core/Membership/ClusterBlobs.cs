using Paris.Core.Storage;

namespace Paris.Core.Membership;

/// <summary>The names of the blobs in which a cluster keeps its membership.</summary>
public sealed class ClusterBlobs
{
    /// <exception cref="ParisInputException">The cluster's id is no plain name.</exception>
    public ClusterBlobs(string clusterId)
    {
        if (string.IsNullOrWhiteSpace(clusterId) || clusterId.Contains('/', StringComparison.Ordinal))
        {
            throw new ParisInputException($"The cluster id is '{clusterId}'; use a plain name such as 'paris'.");
        }

        ClusterId = clusterId;
        Table = BlobName.Check($"cluster/{clusterId}/membership.json");
        AlivePrefix = $"cluster/{clusterId}/alive/";
    }

    public string ClusterId { get; }

    /// <summary>All rows and the version of the table: what changes together is one blob.</summary>
    public string Table { get; }

    /// <summary>What the names of all heartbeat blobs begin with.</summary>
    public string AlivePrefix { get; }

    /// <summary>The heartbeat blob of a silo.</summary>
    /// <param name="silo">The silo's address as text, <c>ip:port@generation</c>; IPv6 has colons and may have a scope after '%'.</param>
    public string Alive(string silo) => AlivePrefix + silo.Replace(':', '_').Replace('@', '-').Replace('%', '~');
}
