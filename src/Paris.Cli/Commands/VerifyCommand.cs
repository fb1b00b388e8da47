using System.CommandLine;
using Paris.Cli.Output;
using Paris.Core;

namespace Paris.Cli.Commands;

/// <summary><c>paris verify</c></summary>
internal sealed class VerifyCommand : ParisCommand
{
    private readonly Option<string?> _fixtures = new("--fixtures") { Description = "Folder with golden inputs and outputs (default: PARIS_FIXTURES, else tests/fixtures).", HelpName = "folder" };

    public VerifyCommand(CliOutput output)
        : base(output, "verify", "Compare the mathematics with golden numbers of the reference implementations, one line each.", "paris verify --fixtures tests/fixtures")
        => Options.Add(_fixtures);

    protected override Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var folder = arguments.GetValue(_fixtures) ?? Environment.GetEnvironmentVariable("PARIS_FIXTURES") ?? Client.GatewayLocator.Below("tests/fixtures");
        if (!Directory.Exists(folder))
        {
            throw new ParisInputException($"There is no folder '{folder}' with fixtures; name one with --fixtures.");
        }

        string[] json = Json(arguments) ? ["--json"] : [];
        return WorkerProcess.RunAsync(["verify", "--fixtures", folder, .. json], cancellationToken);
    }
}
