using System.CommandLine;
using Paris.Cli.Output;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;

namespace Paris.Cli.Commands;

/// <summary><c>paris expert add</c>, <c>replace</c>, <c>remove</c></summary>
internal sealed class ExpertChangeCommand : ParisCommand
{
    private readonly EnsembleChangeKind _change;
    private readonly Argument<string> _run = CommonOptions.Run();
    private readonly Argument<int?> _expert = new("expert") { Description = "The expert's number, as 'paris experts' lists it.", Arity = ArgumentArity.ExactlyOne };
    private readonly Option<int?> _split = new("--split") { Description = "Split this expert's cluster in two: it keeps its weights and the larger half, the new one trains on the other.", HelpName = "expert" };
    private readonly Option<string?> _images = new("--images") { Description = "New images for the expert: a folder, an IDX file, a .tar or a .jsonl list.", HelpName = "path" };
    private readonly Option<string?> _labels = new("--labels") { Description = "Labels of the new images (IDX).", HelpName = "path" };
    private readonly Option<int> _limit = new("--limit") { Description = "Use only the first N of the new images.", HelpName = "n" };
    private readonly Option<int?> _steps = new("--steps") { Description = "Optimiser steps of the expert (default: the spec's).", HelpName = "n" };
    private readonly Option<string?> _router = new("--router") { Description = "How the router is refit: head (default) or whole; replace on the same cluster keeps it.", HelpName = "head|whole" };
    private readonly Option<int?> _routerSteps = new("--router-steps") { Description = "Optimiser steps of the refit (default: the spec's).", HelpName = "n" };
    private readonly Option<bool> _detach = new("--detach") { Description = "Do not wait: 'paris experts' shows when the revision is in use." };

    public ExpertChangeCommand(CliOutput output, EnsembleChangeKind change, string description, params string[] examples)
        : base(output, change.ToString().ToLowerInvariant(), description, examples)
    {
        _change = change;
        _router.AcceptOnlyFromAmong("head", "whole", "keep");
        Arguments.Add(_run);
        if (change != EnsembleChangeKind.Add)
        {
            Arguments.Add(_expert);
        }

        Option[] options = change switch
        {
            EnsembleChangeKind.Add => [_split, _images, _labels, _limit, _steps, _router, _routerSteps, _detach],
            EnsembleChangeKind.Replace => [_images, _labels, _limit, _steps, _router, _routerSteps, _detach],
            _ => [_router, _routerSteps, _detach],
        };
        foreach (var option in options)
        {
            Options.Add(option);
        }
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        using var client = Connect(arguments);
        var run = arguments.GetValue(_run)!;
        var before = await client.GetExpertsAsync(run, cancellationToken);
        var started = await client.ChangeExpertsAsync(run, Read(arguments) with { From = before.Revision }, cancellationToken);

        // The newest revision made from the one that was in use.
        var revision = started.Revisions.Last(x => x.Base == before.Revision && x.State != "taken-back").Revision;
        if (arguments.GetValue(_detach))
        {
            Tell(arguments, started, $"revision {revision} of run {run} is in progress; 'paris experts {run}' shows it");
            return 0;
        }

        var view = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(run, v => v.Finished, Json(arguments), client.Url, cancellationToken);
        var after = await client.GetExpertsAsync(run, cancellationToken);
        var failed = view.Jobs.FirstOrDefault(x => JobId.Parse(x.Key).Revision == revision && x.State is "failed" or "quarantined");
        if (Json(arguments))
        {
            Output.Json(after);
        }
        else if (after.Revision == revision)
        {
            EnsembleTables.Show(after, Output, before);
        }

        if (after.Revision == revision && failed is null)
        {
            return 0;
        }

        Output.Note($"paris: revision {revision} of run {run} {(failed is null ? "was taken back" : $"failed in {RunTables.Name(failed)}: {failed.Message?.Trim().TrimEnd('.')}")}"
            + (failed is null ? "" : $"; revision {after.Revision} is in use. 'paris resume {run}' tries again, 'paris expert undo {run}' gives up"));
        return failed?.BadInput == true ? CommandLine.BadInput : CommandLine.Failed;
    }

    private EnsembleChange Read(ParseResult arguments)
    {
        var offered = Options.ToHashSet();
        T? Of<T>(Option<T> option) => offered.Contains(option) ? arguments.GetValue(option) : default;
        var images = Of(_images);
        return new EnsembleChange
        {
            Change = _change,
            Expert = _change == EnsembleChangeKind.Add ? null : arguments.GetValue(_expert),
            Split = Of(_split),
            Images = Local(images),
            Labels = Local(Of(_labels)),
            ImagesKind = Kind(images),
            Limit = Of(_limit),
            Steps = Of(_steps),
            Router = Of(_router) is { } refit ? Enum.Parse<RouterRefit>(refit, ignoreCase: true) : null,
            RouterSteps = Of(_routerSteps),
        };
    }

    /// <summary>What the images are by their path; null leaves it to the run's kind.</summary>
    private static string? Kind(string? images) => Path.GetExtension(images) switch
    {
        null => null,
        ".tar" => "webdataset",
        ".jsonl" => "list",
        _ => Directory.Exists(images) ? "folder" : File.Exists(images) ? "idx" : null,
    };

    /// <summary>A path of this machine as the workers, whose folder is another, find it; anything else as it is.</summary>
    private static string? Local(string? path) => path is not null && Path.Exists(path) ? Path.GetFullPath(path) : path;

    private void Tell(ParseResult arguments, EnsembleView view, string line)
    {
        if (Json(arguments))
        {
            Output.Json(view);
        }
        else
        {
            Output.Line(line);
        }
    }
}
