using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Paris.Cluster.Tests;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Gateway;
using Paris.Grains.Abstractions;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Silo.Tests;

/// <summary>One silo and a gateway in this process, as <c>paris up</c> has them, over any store, with the real worker.</summary>
public sealed class RealCluster : IAsyncDisposable
{
    private readonly ITestOutputHelper _output;
    private readonly WebApplication _app;
    private readonly string _url;

    private RealCluster(ITestOutputHelper output, WebApplication app, string url) => (_output, _app, _url) = (output, app, url);

    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    /// <param name="output">Where log lines go.</param>
    /// <param name="store">The store's location.</param>
    /// <param name="slots">Workers at a time.</param>
    /// <param name="worker">The worker's command; null: the built one.</param>
    public static async Task<RealCluster> StartAsync(ITestOutputHelper output, string store, int slots, IReadOnlyList<string>? worker = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new TestLogs(output, "silo")).AddFilter("Paris", LogLevel.Debug).AddFilter("Orleans", LogLevel.Error).AddFilter("Microsoft", LogLevel.Error);
        builder.Services.AddSingleton(BlobStoreFactory.Open(store));
        var ports = FreePorts.Pair();
        builder.AddParisSilo(new SiloSettings
        {
            Name = "real",
            Store = store,
            Slots = slots,
            Gpus = false,
            SiloPort = ports.Silo,
            GatewayPort = ports.Gateway,
            ClusterId = $"real-{ports.Silo}",
            Worker = worker ?? [],
            ReportPeriod = TimeSpan.FromSeconds(1),
        });
        builder.AddParisGateway(new GatewayOptions { Url = "http://127.0.0.1:0" });
        var app = builder.Build();
        app.MapParisGateway();
        var address = await app.StartParisGatewayAsync();
        return new RealCluster(output, app, address.Url);
    }

    public Task SubmitAsync(RunSpec spec) => Grains.GetGrain<IRunGrain>(spec.Name).SubmitAsync(Encoding.UTF8.GetString(RunSpecJson.Serialize(spec)));

    /// <summary>Waits until the run's status satisfies the condition; a call that a fault broke is made again.</summary>
    public async Task<RunStatus> WaitAsync(string run, string what, Func<RunStatus, bool> until, double minutes = 10)
    {
        var started = TimeProvider.System.GetTimestamp();
        RunStatus? status = null;
        Exception? last = null;
        while (TimeProvider.System.GetElapsedTime(started).TotalMinutes < minutes)
        {
            try
            {
                status = await Grains.GetGrain<IRunGrain>(run).GetStatusAsync();
                if (until(status))
                {
                    _output.WriteLine($"{what}: after {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s");
                    return status;
                }
            }
            catch (Exception exception)
            {
                last = exception;
            }

            await Task.Delay(200);
        }

        Assert.Fail($"Not within {minutes} min: {what}. {last}\nState {status?.State}, {status?.Phase}, {status?.Message}\n"
            + string.Join('\n', status?.Jobs.Select(x => $"{x.Key}: {x.State} {x.Step}/{x.Total} epoch {x.Epoch} retries {x.Retries} {x.Message}") ?? []));
        throw new InvalidOperationException();
    }

    /// <summary>The sum of a series' values on <c>/metrics</c> over the lines that carry all these labels; null when there is no such line.</summary>
    public async Task<double?> ScrapeAsync(string series, params string[] labels)
    {
        using var client = new HttpClient();
        var text = await client.GetStringAsync(_url.TrimEnd('/') + "/metrics");
        double? sum = null;
        foreach (var line in text.Split('\n').Where(l => l.StartsWith(series + "{", StringComparison.Ordinal) && labels.All(label => l.Contains(label, StringComparison.Ordinal))))
        {
            sum = (sum ?? 0) + double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        }

        return sum;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
    }
}
