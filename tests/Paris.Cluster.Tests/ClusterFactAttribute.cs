using System.Reflection;
using Paris.Core.Tests.Storage;
using Xunit;

namespace Paris.Cluster.Tests;

/// <summary>A test with silos as processes: skipped, with the reason, where there is no real Orleans or no emulator.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = Reason;

    /// <summary>Null when silos can run as processes.</summary>
    internal static string? Reason { get; } =
        Built("OrleansSource") != "package"
            ? "SKIP: silos as processes need the official Orleans packages, and the feed has none; PARIS_FEED=/folder/with/them ./paris test Paris.Cluster.Tests"
        : !OperatingSystem.IsLinux() ? "SKIP: the tests stop processes by Linux signals"
        : AzuriteFixture.SkipReason;

    /// <summary>With what this assembly was built.</summary>
    internal static string? Built(string key) => typeof(ClusterFactAttribute).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(x => x.Key == key).Value;
}
