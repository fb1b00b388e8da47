using System.CommandLine;
using System.Text;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Cli.Commands;

/// <summary>The spec that a command submits.</summary>
internal static class SpecFile
{
    public static Option<string> Option() => new("--file", "-f") { Description = "The run's spec, YAML or JSON; - reads standard input.", HelpName = "run.yaml", Required = true };

    /// <summary>Reads and checks it, tells its warnings, and returns its canonical text.</summary>
    /// <param name="file">A path, or - for standard input.</param>
    /// <param name="changes">What <c>--set</c> changes.</param>
    /// <param name="output">Takes the warnings.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="ParisInputException">The file cannot be read, or the spec is wrong.</exception>
    public static async Task<string> ReadAsync(string file, string[]? changes, CliOutput output, CancellationToken cancellationToken)
    {
        // Checked here too: a typo is told at once, also without a gateway.
        var loaded = RunSpecReader.Parse(await TextAsync(file, cancellationToken), file == "-" ? "standard input" : file, changes);
        foreach (var warning in loaded.Warnings)
        {
            output.Note($"paris: {warning}");
        }

        return Encoding.UTF8.GetString(RunSpecJson.Serialize(loaded.Spec));
    }

    private static async Task<string> TextAsync(string file, CancellationToken cancellationToken)
    {
        if (file == "-")
        {
            return await Console.In.ReadToEndAsync(cancellationToken);
        }

        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"The spec '{file}' cannot be read ({e.Message.TrimEnd('.')}); name a YAML or JSON file with -f.", e);
        }
    }
}
