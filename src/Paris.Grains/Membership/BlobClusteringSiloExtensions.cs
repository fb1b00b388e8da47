using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;
using Paris.Core.Membership;

namespace Paris.Grains.Membership;

/// <summary>The silo's half of blob clustering.</summary>
public static class BlobClusteringSiloExtensions
{
    /// <summary>
    /// Keeps the membership of the cluster (<see cref="ClusterOptions.ClusterId"/>) in the host's <see cref="IBlobStore"/>, with the
    /// options of failure detection that were measured with it (DESIGN section 7). Call <c>Configure&lt;ClusterMembershipOptions&gt;</c>
    /// afterwards to change them; <see cref="GrainDirectoryOptions"/> are read from the section <c>Orleans:GrainDirectoryOptions</c>.
    /// </summary>
    public static ISiloBuilder UseBlobClustering(this ISiloBuilder builder, Action<BlobClusteringOptions>? configure = null)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddOptions<BlobClusteringOptions>().Configure(configure ?? (_ => { }));
        builder.Services.AddSingleton<IMembershipTable, BlobMembershipTable>();
        builder.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(2);
            options.NumMissedProbesLimit = 3;
            options.NumVotesForDeathDeclaration = 2;

            // An intermediary's answer comes too late to count in 10.2.2, and a hung host is never declared dead.
            options.EnableIndirectProbes = false;

            // A joining silo reads the table after every round of probes: every 2 s.
            options.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
            options.MaxJoinAttemptTime = TimeSpan.FromMinutes(2);
        });

        builder.Services.PostConfigure<ClusterMembershipOptions>(LimitProbes);

        // Bound by name: only newer versions know the lease, which the fence in the store makes unnecessary. The tables of the cache are made at
        // the start, 19 MB a silo for the million grains of Orleans' default; a grain here is a job.
        var directory = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["RangeLeaseDuration"] = "00:00:00", [nameof(GrainDirectoryOptions.CacheSize)] = "50000" })
            .AddConfiguration(builder.Configuration.GetSection("Orleans:GrainDirectoryOptions"))
            .Build();
        return builder.Configure<GrainDirectoryOptions>(directory);
    }

    /// <summary>
    /// Orleans 10.4 lengthens a slow silo's probes up to <c>MaxProbeTimeout</c>, and casts no vote against a silo that was heard from within
    /// as many times that long as probes may be missed: its default of four times <c>ProbeTimeout</c> leaves a frozen silo's experts waiting for
    /// 24 s. Where nobody chose another, it is <c>ProbeTimeout</c>. By name, because 10.2 has no such option.
    /// </summary>
    private static void LimitProbes(ClusterMembershipOptions options)
    {
        if (typeof(ClusterMembershipOptions).GetProperty("MaxProbeTimeout") is { } longest && longest.GetValue(options) is TimeSpan value && value == 4 * options.ProbeTimeout)
        {
            longest.SetValue(options, options.ProbeTimeout);
        }
    }
}
