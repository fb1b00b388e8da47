using System.Net.Sockets;
using OpenTelemetry.Metrics;
using Orleans.Hosting;

namespace Paris.Silo;

/// <summary>
/// One silo as a process of its own: settings from <c>appsettings.json</c> (section <c>Paris</c>), environment (<c>Paris__Store=…</c>) and
/// arguments (<c>--store DIR --slots 2 …</c>), the later ones winning.
/// </summary>
public static class SiloProgram
{
    /// <summary>Runs until SIGTERM or Ctrl-C, then drains. Exit code 2: the settings cannot work.</summary>
    /// <param name="args">See <c>--help</c>.</param>
    /// <param name="encrypt">Encrypts what the silo says to others; null: nothing does.</param>
    public static async Task<int> RunAsync(string[] args, Action<ISiloBuilder>? encrypt = null)
    {
        if (ProgramArguments.AskForHelp(args))
        {
            await Console.Out.WriteAsync(SiloArguments.All.Help());
            return 0;
        }

        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [], ContentRootPath = AppContext.BaseDirectory });
            builder.Configuration.AddInMemoryCollection(SiloArguments.All.Parse(args));
            var settings = Read(builder.Configuration);
            builder.Logging.AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                options.UseUtcTimestamp = true;
            });
            builder.AddParisSilo(settings with { OwnProcess = true }, encrypt);
            builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(ParisInstruments.MeterName, "Microsoft.Orleans").AddPrometheusExporter());
            builder.WebHost.UseUrls(settings.HttpUrl);

            await using var app = builder.Build();
            app.MapPrometheusScrapingEndpoint();
            app.MapGet("/healthz", () => Results.Text("ok"));
            app.MapGet("/readyz", (SiloHealth health) => health.NotReady() is { } reason ? Results.Text(reason, statusCode: StatusCodes.Status503ServiceUnavailable) : Results.Text("ok"));
            await app.RunAsync();
            return 0;
        }
        catch (ParisInputException exception)
        {
            return await RefuseAsync(exception.Message);
        }
        catch (Exception exception) when (Address(exception) is { } reason)
        {
            return await RefuseAsync(reason);
        }
    }

    /// <summary>The settings of the section <c>Paris</c>.</summary>
    /// <exception cref="ParisInputException">A value is none of its kind, or the store is missing.</exception>
    private static SiloSettings Read(IConfiguration configuration)
    {
        SiloSettings settings;
        try
        {
            settings = configuration.GetSection("Paris").Get<SiloSettings>() ?? new SiloSettings();
        }
        catch (InvalidOperationException exception)
        {
            throw new ParisInputException($"The settings cannot be read: {exception.Message}", exception);
        }

        return settings.Store.Length > 0 ? settings : throw new ParisInputException("No store is given; use --store DIRECTORY, or Paris__Store in the environment.");
    }

    private static async Task<int> RefuseAsync(string message)
    {
        await Console.Error.WriteLineAsync($"paris-silo: {message}");
        return 2;
    }

    private static string? Address(Exception exception) => exception switch
    {
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } => $"{exception.Message.TrimEnd('.')}; choose another HttpUrl.",
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => "SiloPort or GatewayPort is in use; choose others.",
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "Listen is no address of this machine; choose one of its own, or 0.0.0.0.",
        { InnerException: { } inner } => Address(inner),
        _ => null,
    };
}
