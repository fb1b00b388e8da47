using System.Diagnostics;

namespace Paris.Deploy.Tests;

/// <summary>The repository's files and the programs that infra/setup.sh installed for the tests.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Chart { get; } = Path.Combine(Root, "helm", "paris");

    public static string KubernetesTools { get; } = Path.Combine(Root, "artifacts", "tools", "kubernetes");

    private static string Helm => Path.Combine(KubernetesTools, "bin", "helm");

    /// <summary>The program of another project of this build: <c>bin/PROJECT/CONFIGURATION/PROJECT.dll</c>.</summary>
    public static string Built(string project)
    {
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return Path.GetFullPath(Path.Combine(here, "..", "..", project, Path.GetFileName(here), $"{project}.dll"));
    }

    public static (int Code, string Output) RunHelm(params IEnumerable<string> arguments)
    {
        Assert.True(File.Exists(Helm), $"{Helm} is missing; infra/setup.sh test installs it.");
        return Run(Helm, arguments);
    }

    /// <summary>Runs a program to its end; both outputs in one text.</summary>
    public static (int Code, string Output) Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Paris.Orleans.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the repository.");
    }
}
