using System.CommandLine;
using Paris.Cli.Output;

namespace Paris.Cli.Commands;

/// <summary><c>paris expert undo</c></summary>
internal sealed class ExpertUndoCommand : ParisCommand
{
    private readonly Argument<string> _run = CommonOptions.Run();

    public ExpertUndoCommand(CliOutput output)
        : base(output, "undo", "Take the last change back: one in progress is stopped, after a finished one the ensemble before it is in use again.", "paris expert undo demo")
        => Arguments.Add(_run);

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = Connect(arguments);
        var view = await client.UndoExpertsAsync(arguments.GetValue(_run)!, cancellationToken);
        if (Json(arguments))
        {
            Output.Json(view);
        }
        else
        {
            EnsembleTables.Show(view, Output);
        }

        return 0;
    }
}
