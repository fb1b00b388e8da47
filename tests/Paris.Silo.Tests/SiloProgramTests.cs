using System.Diagnostics;
using Xunit;

namespace Paris.Silo.Tests;

/// <summary>The executable: what a person sees who starts it wrongly.</summary>
public sealed class SiloProgramTests
{
    [Theory]
    [InlineData("--slots 0", "paris-silo: The silo has 0 slots; a device silo needs at least 1, a silo without slots has the role 'control'.")]
    [InlineData("--role gpu", "paris-silo: The silo's role is 'gpu'; use 'device' or 'control'.")]
    [InlineData("--listen 0.0.0.0", "paris-silo: Listen is 0.0.0.0: traffic between silos would leave this machine unencrypted; use TLS (docs/operations.md), set AllowPlaintext on a network you trust, or listen on 127.0.0.1.")]
    [InlineData("--listen 0.0.0.0 --allow-plaintext", "paris-silo: Listen is 0.0.0.0, which is no address to connect to; set AdvertisedAddress to this machine's (on Kubernetes Paris__AdvertisedAddress from status.podIP).")]
    [InlineData("--advertised-address pod-1", "paris-silo: AdvertisedAddress is 'pod-1'; use the IP address by which other machines reach this one.")]
    [InlineData("--silo-port 0", "paris-silo: SiloPort is 0; use a port from 1 to 65535.")]
    [InlineData("--silo-port many", "paris-silo: The settings cannot be read: Failed to convert configuration value 'many' at 'Paris:SiloPort' to type 'System.Int32'.")]
    [InlineData("--clustering redis", "paris-silo: Clustering is 'redis'; use 'blob' (membership in the store) or 'none' (Orleans:Clustering of the configuration).")]
    [InlineData("--clustering none", "paris-silo: Clustering is 'none', and Orleans:Clustering:ProviderType names no other; set it (Orleans__Clustering__ProviderType=Redis …), or leave Clustering out.")]
    [InlineData("--sluts 2", "paris-silo: '--sluts' is no argument; 'paris silo --help' shows what there is.")]
    [InlineData("--slots --threads 2", "paris-silo: --slots has no value; write --slots N.")]
    [InlineData("--Paris:StopGrace 00:01:00", "paris-silo: StopGrace 00:01:00, DeactivationTimeout 00:00:45 and ShutdownTimeout 00:01:00 must rise in this order: a worker's commit, its grain's leave, the process's end.")]
    public void BadSettingsAreOneSentenceAndExitCode2(string arguments, string sentence)
    {
        var store = Path.Combine(Path.GetTempPath(), "paris-silo-never");
        var (code, error) = Run(["--store", store, .. arguments.Split(' ')]);
        Assert.Equal((2, sentence), (code, error.Trim()));
        Assert.False(Directory.Exists(store), "bad input leaves nothing behind");
    }

    [Fact]
    public void WithoutAStoreNothingStarts()
    {
        var (code, error) = Run([]);
        Assert.Equal((2, "paris-silo: No store is given; use --store DIRECTORY, or Paris__Store in the environment."), (code, error.Trim()));
    }

    [Fact]
    public void TheHelpHasEveryArgumentItsVariableAndAnExample()
    {
        using var process = Start(["--help"]);
        var help = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("--store LOCATION", help);
        Assert.Contains("[Paris__AdvertisedAddress]", help);
        Assert.Contains("Example:\n  paris silo --store", help);
    }

    private static (int Code, string Error) Run(IEnumerable<string> arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error.GetAwaiter().GetResult());
    }

    private static Process Start(IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Paris.Silo.dll"), .. arguments])
    {
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    })!;
}
