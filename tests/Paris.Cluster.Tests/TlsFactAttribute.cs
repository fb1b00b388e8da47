using Xunit;

namespace Paris.Cluster.Tests;

/// <summary>As <see cref="ClusterFactAttribute"/>, and the package for TLS must be there, too.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TlsFactAttribute : FactAttribute
{
    public TlsFactAttribute() => Skip = ClusterFactAttribute.Reason
        ?? (ClusterFactAttribute.Built("TlsSource") == "package" ? null : "SKIP: the feed has no Microsoft.Orleans.Connections.Security");
}
