using Paris.Cli.Output;

namespace Paris.Cli.Tests;

/// <summary>Runs a command line in this process and keeps what it wrote.</summary>
internal sealed record Terminal(int ExitCode, string Out, string Error)
{
    public static async Task<Terminal> RunAsync(string[] arguments, CancellationToken cancellationToken = default)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, new CliOutput(output, error, interactive: false), cancellationToken);
        return new Terminal(code, output.ToString(), error.ToString());
    }

    /// <summary>Asserts bad input: exit code 2 and exactly one line on standard error.</summary>
    public static async Task<string> RefusedAsync(params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.True(run.ExitCode == CommandLine.BadInput, $"exit code {run.ExitCode}: {run.Error}{run.Out}");
        var line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("paris: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error + run.Out, StringComparison.Ordinal);
        return line;
    }
}
