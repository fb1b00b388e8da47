using System.Diagnostics;

namespace Paris.Core.Tests.Storage;

/// <summary>Starts processes of Paris.Core.Tests.Racer.</summary>
internal static class Racer
{
    public static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Paris.Core.Tests.Racer.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // Several runtimes at once on few cores: less to compile, less to wait for.
        start.Environment["DOTNET_TieredPGO"] = "0";
        return Process.Start(start)!;
    }
}
