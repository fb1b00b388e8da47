namespace Paris.Silo.Workers;

/// <summary>Finds the program that runs jobs.</summary>
public static class WorkerCommandLine
{
    private const string Assembly = "Paris.Worker.dll";

    /// <summary>The configured command, else <c>dotnet Paris.Worker.dll</c> from <c>PARIS_WORKER</c> or beside this program.</summary>
    /// <exception cref="ParisInputException">There is no worker in any of the places.</exception>
    public static IReadOnlyList<string> Resolve(SiloSettings settings)
    {
        if (settings.Worker.Count > 0)
        {
            return settings.Worker;
        }

        List<string> places = [];
        if (Environment.GetEnvironmentVariable("PARIS_WORKER") is { Length: > 0 } named)
        {
            places.Add(named);
            places.Add(Path.Combine(named, Assembly));
        }

        var here = AppContext.BaseDirectory;
        places.Add(Path.Combine(here, Assembly));

        // The build's layout: bin/PROJECT/CONFIGURATION/.
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(here));
        places.Add(Path.GetFullPath(Path.Combine(here, "..", "..", "Paris.Worker", configuration, Assembly)));
        return places.Find(File.Exists) is { } found
            ? [Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", found]
            : throw new ParisInputException($"There is no worker program in {string.Join(", ", places)}; set PARIS_WORKER to {Assembly}, or the setting Worker to a command.");
    }
}
