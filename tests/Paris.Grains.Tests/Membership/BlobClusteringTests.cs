using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Paris.Cluster.Tests;
using Paris.Core.Membership;
using Paris.Core.Storage;
using Paris.Core.Tests.Storage;
using Paris.Grains.Abstractions.Membership;
using Paris.Grains.Membership;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Grains.Tests.Membership;

/// <summary>Silos and a client that share a store and nothing else, on either engine; on real Orleans over loopback. Takes some seconds a test: real time.</summary>
public sealed class BlobClusteringTests : IAsyncLifetime
{
    private readonly ITestOutputHelper _output;
    private readonly TempFolder _folder = new();
    private readonly LocalBlobStore _store;
    private readonly List<IHost> _hosts = [];

    public BlobClusteringTests(ITestOutputHelper output)
    {
        _output = output;
        _store = new LocalBlobStore(_folder.Path, TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await StopAllAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task SilosAndAClientFindEachOtherAndAllMayMove()
    {
        var before = await StartSilosAsync(3);
        var client = await StartClientAsync();
        await SeesAsync(client, before);

        // Stopped one and all, and started on other ports: the client finds them again.
        foreach (var host in _hosts.ToArray().Where(x => x != client))
        {
            await StopAsync(host);
        }

        var after = await StartSilosAsync(3);
        await SeesAsync(client, after);
    }

    /// <summary>The table as a crash of the whole cluster leaves it: active rows that nobody answers for, with fresh heartbeats.</summary>
    [Fact]
    public async Task ACrashedClusterStartsOnNewAddresses()
    {
        await LeaveRowsBehindAsync(3);
        var started = TimeProvider.System.GetTimestamp();
        var silos = await StartSilosAsync(3);
        _output.WriteLine($"active after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");
        await SeesAsync(await StartClientAsync(), silos);
        using var table = new TestTable(_store, 99);
        Assert.Equal([SiloStatus.Dead, SiloStatus.Dead, SiloStatus.Dead], (await table.ReadAll()).Members.Where(x => x.Item1.SiloName.StartsWith("silo-", StringComparison.Ordinal)).Select(x => x.Item1.Status));
    }

    /// <summary>Real Orleans cannot reach it; the stand-in joins no silo of another process.</summary>
    [Fact]
    public async Task ASiloThatLivesAndCannotBeReachedStopsTheJoin()
    {
        using var living = new TestTable(_store, Nobody(1), options: Options());
        await living.InitializeMembershipTable(true);
        await MembershipContract.InsertAsync(living, Gone(1));
        var error = await Assert.ThrowsAnyAsync<OrleansException>(() => StartSilosAsync(1));
        Assert.Contains(Nobody(1).Endpoint.ToString(), error.Message, StringComparison.Ordinal);
    }

    private static SiloAddress Nobody(int number) => SiloAddress.New(IPAddress.Loopback, number, 1);

    private static MembershipEntry Gone(int number)
    {
        var entry = MembershipContract.Entry(number, SiloStatus.Active, TimeProvider.System.GetUtcNow().UtcDateTime);
        entry.SiloAddress = Nobody(number);
        return entry;
    }

    /// <summary>The shipped proportions, five times as fast.</summary>
    private static BlobClusteringOptions Options()
    {
        var options = new BlobClusteringOptions();
        Faster(options);
        return options;
    }

    private static void Faster(BlobClusteringOptions options)
    {
        options.HeartbeatPeriod /= 5;
        options.StaleAfter /= 5;
        options.UnchangedFor /= 5;
    }

    private async Task LeaveRowsBehindAsync(int count)
    {
        for (var i = 1; i <= count; i++)
        {
            using var table = new TestTable(_store, Nobody(i), options: Options());
            await table.InitializeMembershipTable(true);
            await MembershipContract.InsertAsync(table, Gone(i));
        }
    }

    private async Task<SiloAddress[]> StartSilosAsync(int count)
    {
        var hosts = Enumerable.Range(0, count).Select(_ =>
        {
            var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
            builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
            builder.Services.AddSingleton<IBlobStore>(_store);
            builder.UseOrleans(silo =>
            {
                silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("test", "test"));
                silo.Configure<EndpointOptions>(options => (options.AdvertisedIPAddress, (options.SiloPort, options.GatewayPort)) = (IPAddress.Loopback, FreePorts.Pair()));
                silo.UseBlobClustering(Faster);
                silo.Configure<ClusterMembershipOptions>(options =>
                {
                    options.ProbeTimeout = TimeSpan.FromSeconds(0.5);
                    options.TableRefreshTimeout = TimeSpan.FromSeconds(2);
                    options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(1);
                    options.MaxJoinAttemptTime = TimeSpan.FromSeconds(15);
                });
            });
            return builder.Build();
        }).ToArray();
        _hosts.AddRange(hosts);
        await Task.WhenAll(hosts.Select(StartAsync));
        return [.. hosts.Select(x => x.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress)];
    }

    private async Task StartAsync(IHost host)
    {
        try
        {
            await host.StartAsync();
        }
        catch
        {
            // Orleans refuses to stop a silo that was refused.
            _hosts.Remove(host);
            host.Dispose();
            throw;
        }
    }

    private async Task<IHost> StartClientAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
        builder.Services.AddSingleton<IBlobStore>(_store);
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("test", "test"));
            client.UseBlobClustering();
            client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1));
        });
        var host = builder.Build();
        _hosts.Add(host);
        await host.StartAsync();
        return host;
    }

    /// <summary>Waits until a call of the client's is answered with exactly these active silos.</summary>
    private async Task SeesAsync(IHost client, SiloAddress[] silos)
    {
        var started = TimeProvider.System.GetTimestamp();
        string last;
        do
        {
            try
            {
                var grains = client.Services.GetRequiredService<IGrainFactory>();
                var hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true).WaitAsync(TimeSpan.FromSeconds(5));
                last = string.Join(", ", hosts.Keys);
                if (hosts.Keys.ToHashSet().SetEquals(silos))
                {
                    return;
                }
            }
            catch (Exception exception) when (exception is OrleansException or TimeoutException or OperationCanceledException)
            {
                // Its gateway has gone; the next list has the new ones.
                last = exception.Message;
            }

            await Task.Delay(100);
        }
        while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60));
        Assert.Fail($"Not within 60 s: {string.Join(", ", silos.AsEnumerable())}; last was {last}");
    }

    private async Task StopAllAsync()
    {
        // The client first, or it would look for the silos.
        foreach (var host in _hosts.AsEnumerable().Reverse().ToArray())
        {
            await StopAsync(host);
        }
    }

    private async Task StopAsync(IHost host)
    {
        _hosts.Remove(host);
        await host.StopAsync();
        host.Dispose();
    }
}
