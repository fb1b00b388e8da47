using System.Net;
using System.Net.Sockets;
using Paris.Core.Rest;
using Paris.Core.Storage;
using Paris.Gateway;
using Paris.Gateway.Runs;
using Paris.Silo;

namespace Paris.Cli.Hosting;

/// <summary>Silos and a gateway in this process, on loopback: all that one machine needs.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private static int s_count;

    private readonly WebApplication _app;
    private readonly IReadOnlyList<IHost> _silos;

    private LocalCluster(WebApplication app, IReadOnlyList<IHost> silos, GatewayAddress address, bool writesAddress)
    {
        WritesAddress = writesAddress;
        _app = app;
        _silos = silos;
        Address = address;
    }

    public GatewayAddress Address { get; }

    /// <summary>True when <c>gateway.json</c> under a local store tells clients where this is.</summary>
    public bool WritesAddress { get; }

    /// <summary>Starts the silos and the gateway; nothing is left behind when that fails.</summary>
    /// <exception cref="Core.ParisInputException">The store, the port or the numbers cannot work.</exception>
    public static async Task<LocalCluster> StartAsync(LocalClusterOptions options, CancellationToken cancellationToken)
    {
        var store = BlobStoreFactory.Open(options.Store);
        await BlobStoreFactory.CheckWritableAsync(store, cancellationToken);

        // Every cluster of this process and every process has its own name, so that two never meet.
        var cluster = $"local-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        var ports = FreePorts(2 * options.Silos);
        var hosts = new List<IHost>();
        WebApplication? app = null;
        try
        {
            var gateway = new GatewayOptions { Url = $"http://127.0.0.1:{Port(options.Port)}", StoreFolder = (store as LocalBlobStore)?.Root };
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
            Configure(builder, options, store);
            builder.AddParisSilo(Settings(options, cluster, ports, 0));
            builder.Services.AddSingleton<ISourceCheck, LocalSourceCheck>();
            builder.AddParisGateway(gateway);
            app = builder.Build();
            app.MapParisGateway();
            var address = await app.StartParisGatewayAsync(cancellationToken);

            for (var i = 1; i < options.Silos; i++)
            {
                var silo = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = [], ContentRootPath = AppContext.BaseDirectory });
                Configure(silo, options, store);
                silo.AddParisSilo(Settings(options, cluster, ports, i));
                var host = silo.Build();
                hosts.Add(host);
                await host.StartAsync(cancellationToken);
            }

            return new LocalCluster(app, hosts, address, gateway.StoreFolder is not null);
        }
        catch
        {
            await StopAsync(app, hosts);
            throw;
        }
    }

    /// <summary>Stops gracefully: every worker commits a checkpoint and ends.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(_app, _silos);

    private static async Task StopAsync(WebApplication? app, IReadOnlyList<IHost> hosts)
    {
        // All at once: a silo that leaves hands its jobs to the others, which leave too.
        await Task.WhenAll(hosts.Select(h => h.StopAsync()).Append(app?.StopAsync() ?? Task.CompletedTask));
        foreach (var host in hosts)
        {
            host.Dispose();
        }

        if (app is not null)
        {
            await app.DisposeAsync();
        }
    }

    private static SiloSettings Settings(LocalClusterOptions options, string cluster, int[] ports, int index) => new()
    {
        Name = $"silo-{index}",
        Store = options.Store,
        Worker = options.Worker,
        AllowChaos = options.AllowChaos,
        Slots = (options.Slots / options.Silos) + (index < options.Slots % options.Silos ? 1 : 0),
        Role = index < options.Slots ? SiloSettings.DeviceRole : SiloSettings.ControlRole,
        ClusterId = cluster,
        SiloPort = ports[2 * index],
        GatewayPort = ports[(2 * index) + 1],
    };

    private static void Configure(IHostApplicationBuilder builder, LocalClusterOptions options, IBlobStore store)
    {
        builder.Services.AddSingleton(store);

        // The command owns Ctrl-C: it stops all hosts of this process together.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Orleans", LogLevel.Warning);
        if (options.LogFile is { } file)
        {
            builder.Logging.AddProvider(new FileLoggerProvider(file, TimeProvider.System));
        }
        else
        {
            builder.Logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss ";
            });
            builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        }
    }

    private static int Port(int? wanted)
    {
        if (wanted is { } port)
        {
            return port is >= 0 and <= 65535 ? port : throw new Core.ParisInputException($"--port is {port}; use 0 to 65535.");
        }

        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, GatewayOptions.DefaultPort);
            listener.Start();
            return GatewayOptions.DefaultPort;
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        try
        {
            foreach (var listener in listeners)
            {
                listener.Start();
            }

            return [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners)
            {
                listener.Dispose();
            }
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
