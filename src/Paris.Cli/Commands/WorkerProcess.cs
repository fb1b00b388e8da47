using System.Diagnostics;
using Paris.Core;

namespace Paris.Cli.Commands;

/// <summary>The worker as a tool: the only program that may load libtorch, so commands that compute start it as a child.</summary>
internal static class WorkerProcess
{
    public const string Variable = "PARIS_WORKER";

    /// <summary>The worker's assembly: <c>PARIS_WORKER</c>, else the one built beside this program; null when there is none.</summary>
    public static string? Find()
    {
        var named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrWhiteSpace(named))
        {
            return named;
        }

        // artifacts/<flavour>/bin/Paris.Cli/<configuration>/ → …/Paris.Worker/<configuration>/
        var folder = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        foreach (var place in (string[])[
            Path.Combine(folder, "Paris.Worker.dll"),
            Path.Combine(folder, "..", "..", "Paris.Worker", Path.GetFileName(folder), "Paris.Worker.dll"),
        ])
        {
            if (File.Exists(place) && File.Exists(Path.ChangeExtension(place, ".runtimeconfig.json")))
            {
                return Path.GetFullPath(place);
            }
        }

        return null;
    }

    /// <exception cref="ParisInputException">There is no worker.</exception>
    public static string Require()
    {
        var path = Find() ?? throw new ParisInputException($"The worker was not found; set {Variable} to the path of Paris.Worker.dll (the launcher ./paris does).");
        return File.Exists(path) ? path : throw new ParisInputException($"{Variable} names '{path}', which does not exist; build it with './paris build'.");
    }

    /// <summary>Starts the worker as a tool that shares this terminal and returns its exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(StartInfo(arguments)) ?? throw new InvalidOperationException("dotnet could not be started");
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return process.ExitCode;
    }

    /// <summary>Runs the worker as a tool and keeps what it writes.</summary>
    /// <exception cref="TimeoutException">It did not end in time; it was ended.</exception>
    public static async Task<WorkerOutput> CaptureAsync(IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = StartInfo(arguments);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet could not be started");
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).WaitAsync(limit, cancellationToken);
            return new WorkerOutput(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    public static ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        var worker = Require();
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet") { UseShellExecute = false };
        start.ArgumentList.Add(worker);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }
}

/// <summary>What a worker that ran as a tool left.</summary>
internal sealed record WorkerOutput(int ExitCode, string Output, string Error)
{
    /// <summary>The last line it wrote, for people.</summary>
    public string LastLine => (Error.Trim().Length > 0 ? Error : Output).Trim().Split('\n')[^1].Trim();
}
