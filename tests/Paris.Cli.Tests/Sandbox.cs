namespace Paris.Cli.Tests;

/// <summary>A temporary folder and environment variables, put back at the end.</summary>
internal sealed class Sandbox : IDisposable
{
    private readonly Dictionary<string, string?> _before = [];

    public Sandbox()
    {
        Folder = Directory.CreateTempSubdirectory("paris-cli-").FullName;
        Set("PARIS_URL", null);
        Set("PARIS_TOKEN", null);
        Set("PARIS_STORE", null);
        Set("PARIS_ROOT", null);

        // A file that exists: commands check for a worker before they start a cluster.
        Set("PARIS_WORKER", typeof(Sandbox).Assembly.Location);
    }

    public string Folder { get; }

    public string Store => System.IO.Path.Combine(Folder, "store");

    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(Path(name), text);
        return Path(name);
    }

    public void Set(string variable, string? value)
    {
        _before.TryAdd(variable, Environment.GetEnvironmentVariable(variable));
        Environment.SetEnvironmentVariable(variable, value);
    }

    public void Dispose()
    {
        foreach (var (variable, value) in _before)
        {
            Environment.SetEnvironmentVariable(variable, value);
        }

        Directory.Delete(Folder, recursive: true);
    }
}
