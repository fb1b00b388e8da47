using System.CommandLine;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Specs;

namespace Paris.Cli.Commands;

/// <summary><c>paris expert add | replace | remove | undo</c></summary>
internal sealed class ExpertCommand : ParisCommand
{
    public ExpertCommand(CliOutput output)
        : base(output, "expert", "Add, replace or remove an expert of a trained run; only that expert is trained, and the router refit.", "paris expert add demo --split 2", "paris expert replace demo 3 --images more/", "paris expert remove demo 3 --router whole", "paris expert undo demo")
    {
        Subcommands.Add(new ExpertChangeCommand(output, EnsembleChangeKind.Add, "Add an expert: on half of a cluster, or on new images.", "paris expert add demo --split 2", "paris expert add demo --images photos/ --router whole"));
        Subcommands.Add(new ExpertChangeCommand(output, EnsembleChangeKind.Replace, "Train another expert in the place of one, on its cluster or on new images.", "paris expert replace demo 3", "paris expert replace demo 3 --images photos/"));
        Subcommands.Add(new ExpertChangeCommand(output, EnsembleChangeKind.Remove, "Remove an expert with its cluster; the router is refit without it.", "paris expert remove demo 3"));
        Subcommands.Add(new ExpertUndoCommand(output));
    }

    protected override Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
        => throw new ParisInputException("say what to do with an expert: add, replace, remove or undo; 'paris expert --help' shows how.");
}
