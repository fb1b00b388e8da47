using System.CommandLine;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris pause</c>, <c>resume</c>, <c>cancel</c></summary>
internal sealed class ControlCommand : ParisCommand
{
    private readonly Argument<string> _run = CommonOptions.Run();

    public ControlCommand(CliOutput output, string verb, string description)
        : base(output, verb, description, $"paris {verb} demo")
        => Arguments.Add(_run);

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = Connect(arguments);
        var view = await client.ControlAsync(arguments.GetValue(_run)!, Name, cancellationToken);
        if (Json(arguments))
        {
            Output.Json(view);
        }
        else
        {
            Output.Line($"run {view.Run}: {view.State}{(view.Phase.Length == 0 ? "" : $" ({view.Phase})")}");
        }

        return 0;
    }
}
