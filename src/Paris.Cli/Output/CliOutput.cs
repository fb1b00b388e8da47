using System.Text.Json;
using Paris.Core.Rest;
using Spectre.Console;

namespace Paris.Cli.Output;

/// <summary>Where a command writes. With <c>--json</c> standard output carries one JSON document and people's lines go to standard error.</summary>
public sealed class CliOutput
{
    public CliOutput(TextWriter output, TextWriter error, bool interactive)
    {
        Out = output;
        Error = error;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        Interactive = interactive && Console.Profile.Capabilities.Ansi;
        if (!Interactive)
        {
            // A file or a pipe has no width: tables must not be cut to 80 columns.
            Console.Profile.Width = 400;
        }
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    public IAnsiConsole Console { get; }

    /// <summary>A person watches: live views may redraw.</summary>
    public bool Interactive { get; }

    /// <summary>Standard output of this process.</summary>
    public static CliOutput System { get; } = new(global::System.Console.Out, global::System.Console.Error, !global::System.Console.IsOutputRedirected);

    /// <summary>One JSON document on standard output.</summary>
    public void Json<T>(T value) => Out.WriteLine(JsonSerializer.Serialize(value, RestJson.Indented));

    /// <summary>A line for people.</summary>
    public void Line(string text = "") => Out.WriteLine(text);

    /// <summary>A line for people beside data: on standard error.</summary>
    public void Note(string text) => Error.WriteLine(text);
}
