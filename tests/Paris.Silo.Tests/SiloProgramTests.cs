using System.Diagnostics;
using Xunit;

namespace Paris.Silo.Tests;

/// <summary>The executable: what a person sees who starts it wrongly.</summary>
public sealed class SiloProgramTests
{
    [Theory]
    [InlineData("--slots 0", "paris-silo: The silo has 0 slots; a device silo needs at least 1, a silo without slots has the role 'control'.")]
    [InlineData("--role gpu", "paris-silo: The silo's role is 'gpu'; use 'device' or 'control'.")]
    [InlineData("--listen 0.0.0.0", "paris-silo: Listen is 0.0.0.0: traffic between silos would leave this machine unencrypted; set AllowPlaintext on a network you trust, or listen on 127.0.0.1.")]
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

    private static (int Code, string Error) Run(IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Paris.Silo.dll"), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error.GetAwaiter().GetResult());
    }
}
