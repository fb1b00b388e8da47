using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Paris.Cli.Commands;
using Paris.Cli.Output;

namespace Paris.Cli;

/// <summary>The help of a command, and below it an example that works as it stands.</summary>
internal sealed class HelpWithExample(HelpAction inner, CliOutput output) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        // The help calls the program by its assembly; people call it by its launcher.
        var real = parseResult.InvocationConfiguration.Output;
        using var text = new StringWriter();
        parseResult.InvocationConfiguration.Output = text;
        var code = inner.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = real;
        output.Out.Write(text.ToString().Replace("Paris.Cli", "paris", StringComparison.Ordinal));
        var examples = parseResult.CommandResult.Command is ParisCommand command ? command.Examples : ["paris demo", "paris status --watch"];
        output.Line(examples.Count == 1 ? "Example:" : "Examples:");
        foreach (var example in examples)
        {
            output.Line("  " + example);
        }

        output.Line();
        return code;
    }
}
