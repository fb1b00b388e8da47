using Orleans.Hosting;
using Paris.Core;
using Paris.Core.Storage;
using Paris.Gateway;

// The gateway alone in its process, as a client of a cluster. Configuration: sections Gateway, Store and Orleans (appsettings.json,
// environment variables such as Gateway__Url, command line).
try
{
    var builder = WebApplication.CreateBuilder(args);
    var options = builder.Configuration.GetSection(GatewayOptions.Section).Get<GatewayOptions>() ?? new GatewayOptions();
    options.StoreFolder ??= builder.Configuration["Store"] is { } store && !store.Contains("://", StringComparison.Ordinal) && !store.Contains('=', StringComparison.Ordinal) ? store : null;
    builder.AddParisGateway(options);
    builder.Services.AddSingleton(BlobStoreFactory.Open(builder.Configuration["Store"] ?? throw new ParisInputException("Store is not set; name a folder or a blob container."), TimeProvider.System));
    builder.UseOrleansClient(client => client.UseLocalhostClustering(builder.Configuration.GetValue("Orleans:GatewayPort", 30000), builder.Configuration["Orleans:ServiceId"] ?? "paris", builder.Configuration["Orleans:ClusterId"] ?? "paris"));
    await using var app = builder.Build();
    app.MapParisGateway();
    await app.StartParisGatewayAsync();
    await app.WaitForShutdownAsync();
    return 0;
}
catch (ParisInputException e)
{
    await Console.Error.WriteLineAsync($"paris gateway: {e.Message}");
    return 2;
}
