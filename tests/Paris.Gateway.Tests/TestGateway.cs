using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Paris.Core.Rest;
using Paris.Core.Storage;
using Paris.Gateway.Runs;

namespace Paris.Gateway.Tests;

/// <summary>A gateway on a free port of loopback over a <see cref="FakeRunService"/> and a store in a temporary folder.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestGateway(WebApplication app, FakeRunService runs, LocalBlobStore store, string folder, GatewayAddress address)
    {
        _app = app;
        Runs = runs;
        Store = store;
        Folder = folder;
        Address = address;
    }

    public FakeRunService Runs { get; }

    public LocalBlobStore Store { get; }

    public string Folder { get; }

    public GatewayAddress Address { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<TestGateway> StartAsync(Action<GatewayOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        var folder = Directory.CreateTempSubdirectory("paris-gateway-").FullName;
        var options = new GatewayOptions { Url = "http://127.0.0.1:0", StoreFolder = folder };
        configure?.Invoke(options);
        var runs = new FakeRunService();
        var store = new LocalBlobStore(folder, TimeProvider.System);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IRunService>(runs);
        builder.Services.AddSingleton<IBlobStore>(store);
        services?.Invoke(builder.Services);
        builder.AddParisGateway(options);
        var app = builder.Build();
        app.MapParisGateway();
        return new TestGateway(app, runs, store, folder, await app.StartParisGatewayAsync());
    }

    /// <summary>A client with or without the token.</summary>
    public HttpClient Client(bool token = true)
    {
        var client = new HttpClient { BaseAddress = new Uri(Address.Url.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)) };
        if (token)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", Address.Token);
        }

        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
