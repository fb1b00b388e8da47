using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Paris.Cluster.Tests;

namespace Paris.Compat.Orleans.Tests;

/// <summary>Silos of one cluster in this process, on free loopback ports, and the ways to lose them.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly string _id = "test-" + Guid.NewGuid().ToString("N");
    private readonly List<IHost> _hosts = [];
    private IPEndPoint? _primary;
    private int _firstGateway;

    public static async Task<TestCluster> StartAsync(int silos, Action<ISiloBuilder>? configure = null)
    {
        var cluster = new TestCluster();
        for (var i = 0; i < silos; i++)
        {
            await cluster.AddSiloAsync(configure: configure);
        }

        await cluster.WaitForSilosAsync(silos);
        return cluster;
    }

    public IGrainFactory Grains => _hosts[0].Services.GetRequiredService<IGrainFactory>();

    public IGrainFactory GrainsOf(IHost host) => host.Services.GetRequiredService<IGrainFactory>();

    public IHost this[int index] => _hosts[index];

    public static SiloAddress AddressOf(IHost host) => host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    public async Task<IHost> AddSiloAsync(Dictionary<string, string>? metadata = null, Action<ISiloBuilder>? configure = null)
    {
        var (port, gateway) = FreePorts.Pair();
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(20));
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(port, gateway, _primary, _id, _id);
            silo.Configure<SiloOptions>(options => options.SiloName = $"silo-{_hosts.Count}");
            silo.Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = TimeSpan.FromSeconds(1);
                options.NumMissedProbesLimit = 2;
                options.NumVotesForDeathDeclaration = 1;
                options.TableRefreshTimeout = TimeSpan.FromSeconds(2);
                options.EnableIndirectProbes = false;
            });
            silo.Configure<GrainCollectionOptions>(options => options.DeactivationTimeout = TimeSpan.FromSeconds(15));
            silo.AddDistributedGrainDirectory();
            silo.UseSiloMetadata(metadata ?? []);
            silo.Services.AddPlacementFilter<ColourFilterStrategy, ColourFilterDirector>(ServiceLifetime.Transient);
            configure?.Invoke(silo);
        });
        var host = builder.Build();
        await host.StartAsync();
        _primary ??= new IPEndPoint(IPAddress.Loopback, port);
        _firstGateway = _firstGateway == 0 ? gateway : _firstGateway;
        _hosts.Add(host);
        return host;
    }

    public async Task<IHost> StartClientAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        builder.UseOrleansClient(client => client.UseLocalhostClustering(_firstGateway, _id, _id));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>Stops with a drain.</summary>
    public async Task StopAsync(IHost host)
    {
        _hosts.Remove(host);
        await host.StopAsync();
        host.Dispose();
    }

    /// <summary>Stops without a drain, the official way to lose a silo in one process.</summary>
    public async Task KillAsync(IHost host)
    {
        _hosts.Remove(host);
        try
        {
            await host.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
            // The host reports that it was not given time.
        }
    }

    /// <summary>Every silo sees <paramref name="count"/> active silos and can place a grain on each of them.</summary>
    public async Task WaitForSilosAsync(int count)
    {
        await Eventually(() => _hosts.All(host =>
        {
            var snapshot = host.Services.GetRequiredService<IClusterMembershipService>().CurrentSnapshot;
            return snapshot.Members.Values.Count(member => member.Status == SiloStatus.Active) == count;
        }));
        foreach (var from in _hosts)
        {
            foreach (var to in _hosts)
            {
                // A silo learns of another's grain classes a moment after its address.
                await Eventually(() =>
                {
                    RequestContext.Set(global::Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey, AddressOf(to));
                    var where = GrainsOf(from).GetGrain<IProbeGrain>(Guid.NewGuid()).WhereAsync().GetAwaiter().GetResult();
                    RequestContext.Clear();
                    return where == AddressOf(to).ToParsableString();
                });
            }
        }
    }

    /// <summary>Calls again while the call is rejected: its silo went away before it could answer or pass the call on.</summary>
    public static async Task<T> InsistAsync<T>(Func<Task<T>> call)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (OrleansMessageRejectionException) when (TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(20))
            {
                await Task.Delay(20);
            }
        }
    }

    public static bool Succeeds(Task call)
    {
        Task.WhenAny(call).GetAwaiter().GetResult();
        return call.IsCompletedSuccessfully;
    }

    public static async Task Eventually(Func<bool> condition)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(20), "The condition did not come true within 20 s.");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The primary silo keeps the membership: last.
        foreach (var host in Enumerable.Reverse(_hosts).ToArray())
        {
            await StopAsync(host);
        }
    }
}

/// <summary>One silo for the tests that need no more.</summary>
public sealed class OneSilo : IAsyncLifetime
{
    public TestCluster Cluster { get; private set; } = null!;

    public IGrainFactory Grains => Cluster.Grains;

    public async Task InitializeAsync() => Cluster = await TestCluster.StartAsync(1);

    public async Task DisposeAsync() => await Cluster.DisposeAsync();
}
