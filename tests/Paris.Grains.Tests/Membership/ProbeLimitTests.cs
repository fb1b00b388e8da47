using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Paris.Grains.Membership;
using Xunit;

namespace Paris.Grains.Tests.Membership;

/// <summary>How long a frozen silo can be taken for alive, where the version of Orleans has an option for it (10.4; 10.2 and the stand-in have none).</summary>
public sealed class ProbeLimitTests
{
    [Theory]
    [InlineData(null, null, 2)]
    [InlineData(0.5, null, 0.5)]
    [InlineData(3.0, null, 3)]
    [InlineData(null, 5.0, 5)]
    public void ProbesGrowNoLongerThanTheyAreUnlessSomebodyWantsIt(double? probe, double? longest, double expected)
    {
        var limit = typeof(ClusterMembershipOptions).GetProperty("MaxProbeTimeout");
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton<IBlobStore>(new MemoryBlobStore(TimeProvider.System));
        builder.UseOrleans(silo =>
        {
            silo.UseBlobClustering();
            silo.Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = probe is { } seconds ? TimeSpan.FromSeconds(seconds) : options.ProbeTimeout;
                if (longest is { } most)
                {
                    limit?.SetValue(options, TimeSpan.FromSeconds(most));
                }
            });
        });
        using var host = builder.Build();

        var options = host.Services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value;

        Assert.Equal(probe ?? 2, options.ProbeTimeout.TotalSeconds);
        Assert.True(limit is null || (TimeSpan)limit.GetValue(options)! == TimeSpan.FromSeconds(expected), $"{limit?.GetValue(options)}");
    }
}
