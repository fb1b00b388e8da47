using OpenTelemetry.Metrics;
using Paris.Silo;

// One silo as a process of its own: settings from appsettings.json (section Paris), environment (Paris__Store=…) and
// arguments (--store DIR --slots 2 …), the later ones winning.
try
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
    builder.Configuration.AddCommandLine(args, SiloArguments.Mappings);
    var settings = builder.Configuration.GetSection("Paris").Get<SiloSettings>() ?? new SiloSettings();
    if (settings.Store.Length == 0)
    {
        throw new ParisInputException("No store is given; use --store DIRECTORY, or Paris__Store in the environment.");
    }

    builder.Logging.AddSimpleConsole(options => options.SingleLine = true);
    builder.AddParisSilo(settings with { OwnProcess = true });
    builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(ParisInstruments.MeterName, "Microsoft.Orleans").AddPrometheusExporter());
    builder.WebHost.UseUrls(builder.Configuration["Paris:MetricsUrl"] ?? "http://127.0.0.1:9464");

    var app = builder.Build();
    app.MapPrometheusScrapingEndpoint();
    app.MapGet("/healthz", () => "ok");
    await app.RunAsync();
    return 0;
}
catch (ParisInputException exception)
{
    Console.Error.WriteLine($"paris-silo: {exception.Message}");
    return 2;
}
