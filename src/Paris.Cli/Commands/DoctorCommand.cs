using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Spectre.Console;

namespace Paris.Cli.Commands;

/// <summary><c>paris doctor</c></summary>
internal sealed class DoctorCommand(CliOutput output) : ParisCommand(output, "doctor", "Check this machine: what is missing, what is slow, what to do.", "paris doctor")
{
    private const long NeededBytes = 2L << 30;

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var store = GatewayLocator.StoreFolder(arguments.GetValue(CommonOptions.Store));
        List<Finding> findings =
        [
            Runtime(),
            Packages(),
            .. await WorkerAsync(cancellationToken),
            Threads(),
            await StoreAsync(store, cancellationToken),
            Disk(store),
            .. Data(),
            await GatewayAsync(store, cancellationToken),
        ];
        if (Json(arguments))
        {
            Output.Json(findings);
        }
        else
        {
            foreach (var finding in findings)
            {
                var color = finding.Level switch { "ok" => "green", "warn" => "yellow", _ => "red" };
                Output.Console.MarkupLine($"[{color}]{finding.Level,-4}[/] {Markup.Escape(finding.What)}: {Markup.Escape(finding.Text)}{(finding.Advice is null ? "" : $"; {Markup.Escape(finding.Advice)}")}");
            }
        }

        return findings.Any(f => f.Level == "fail") ? CommandLine.Failed : 0;
    }

    private static Finding Runtime()
        => Environment.Version.Major >= 10
            ? Finding.Ok("dotnet", $".NET {Environment.Version}, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}")
            : Finding.Fail("dotnet", $".NET {Environment.Version}", "install .NET 10");

    // Which of the two an engine is, is a fact about this build.
    private static Finding Packages()
    {
        static string Which(Type type) => type.Assembly.GetName().Name!.StartsWith("Paris.Compat", StringComparison.Ordinal) ? "stand-in" : $"official {type.Assembly.GetName().Version?.ToString(3)}";
        var orleans = Which(typeof(Orleans.IGrainFactory));
        var exporter = Which(typeof(Microsoft.AspNetCore.Builder.PrometheusExporterEndpointRouteBuilderExtensions));
        var text = $"Orleans: {orleans}, Prometheus exporter: {exporter}";
        return orleans == "stand-in"
            ? Finding.Warn("packages", text, "fine for one process; several machines need a feed with Microsoft.Orleans (PARIS_FEED, src/compat/README.md)")
            : Finding.Ok("packages", text);
    }

    private static async Task<IReadOnlyList<Finding>> WorkerAsync(CancellationToken cancellationToken)
    {
        if (WorkerProcess.Find() is not { } path || !File.Exists(path))
        {
            return [Finding.Fail("worker", "Paris.Worker.dll was not found", $"run through ./paris, or set {WorkerProcess.Variable}")];
        }

        try
        {
            var info = await WorkerProcess.CaptureAsync(["info", "--json"], TimeSpan.FromSeconds(60), cancellationToken);
            if (info.ExitCode != 0)
            {
                return [Finding.Fail("worker", $"'{path}' ended with exit code {info.ExitCode}: {info.LastLine}", "run ./paris build; libtorch must be installed (libtorch-dev)")];
            }

            return [.. WorkerInfo.Read(info.Output)];
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or TimeoutException)
        {
            return [Finding.Fail("worker", $"'{path}' did not start ({e.Message.TrimEnd('.')})", "install the .NET 10 runtime and libtorch")];
        }
    }

    private static Finding Threads()
    {
        var cores = Environment.ProcessorCount;
        var wanted = Environment.GetEnvironmentVariable("OMP_NUM_THREADS");
        return wanted == "1"
            ? Finding.Ok("threads", $"{cores} cores, one BLAS thread a worker")
            : Finding.Warn("threads", $"{cores} cores, OMP_NUM_THREADS is {wanted ?? "not set"}", "set OMP_NUM_THREADS=1 (the launcher does): workers are the unit of parallelism, and spinning threads halve each other");
    }

    private static async Task<Finding> StoreAsync(string store, CancellationToken cancellationToken)
    {
        try
        {
            var opened = BlobStoreFactory.Open(store);
            await BlobStoreFactory.CheckWritableAsync(opened, cancellationToken);
            return Finding.Ok("store", $"'{opened.Description}' can be written");
        }
        catch (ParisInputException e)
        {
            return Finding.Fail("store", e.Message.TrimEnd('.'), "name another with --store");
        }
    }

    private static Finding Disk(string store)
    {
        var folder = Path.GetFullPath(store);
        var drive = DriveInfo.GetDrives()
            .Where(d => d.IsReady && folder.StartsWith(d.RootDirectory.FullName, StringComparison.Ordinal))
            .MaxBy(d => d.RootDirectory.FullName.Length);
        if (drive is null)
        {
            return Finding.Warn("disk", "free space is unknown", "the demo needs 2 GiB");
        }

        var text = $"{drive.AvailableFreeSpace / (double)(1L << 30):0.0} GiB free";
        return drive.AvailableFreeSpace >= NeededBytes ? Finding.Ok("disk", text) : Finding.Warn("disk", text, "the demo needs 2 GiB");
    }

    private static IEnumerable<Finding> Data()
    {
        var data = RunSpecPresets.Load("demo").Spec.Data;
        string?[] files = [data.Images, data.Labels, data.TestImages, data.TestLabels];
        var missing = files.OfType<string>().Where(f => !File.Exists(f)).ToArray();
        yield return missing.Length == 0
            ? Finding.Ok("data", $"Fashion-MNIST in '{Path.GetDirectoryName(data.Images)}'")
            : Finding.Warn("data", $"the demo's '{missing[0]}' is missing", "install dataset-fashion-mnist (./paris demo does)");
    }

    private static async Task<Finding> GatewayAsync(string store, CancellationToken cancellationToken)
    {
        if (await RunningGateway.FindAsync(store, cancellationToken) is { } running)
        {
            return Finding.Ok("gateway", $"runs at {running.Url}");
        }

        var port = Gateway.GatewayOptions.DefaultPort;
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return Finding.Ok("gateway", $"none runs on this store; port {port} is free");
        }
        catch (SocketException e)
        {
            return Finding.Warn("gateway", $"port {port} is taken ({e.SocketErrorCode})", "'paris up' needs another: --port");
        }
    }

    /// <summary>One line of the check.</summary>
    internal sealed record Finding(string Level, string What, string Text, string? Advice)
    {
        public static Finding Ok(string what, string text) => new("ok", what, text, null);

        public static Finding Warn(string what, string text, string advice) => new("warn", what, text, advice);

        public static Finding Fail(string what, string text, string advice) => new("fail", what, text, advice);
    }
}
