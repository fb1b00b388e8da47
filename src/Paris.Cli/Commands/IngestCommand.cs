using System.CommandLine;
using System.Text;
using System.Text.Json;
using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Rest;

namespace Paris.Cli.Commands;

/// <summary><c>paris ingest -f run.yaml</c></summary>
internal sealed class IngestCommand : ParisCommand
{
    private const int BadFilesTold = 5;

    private readonly Option<string> _file = SpecFile.Option();
    private readonly Option<bool> _wait = new("--wait", "-w") { Description = "Follow it to the end and tell what came of it." };
    private readonly Option<string?> _badFiles = new("--bad-files") { Description = "Where the list of skipped files goes, JSON Lines of name and reason (with --wait).", HelpName = "file" };
    private readonly Option<string[]> _set = CommonOptions.Set();

    public IngestCommand(CliOutput output)
        : base(
            output,
            "ingest",
            "Make a run's data and train nothing yet: read, decode, resize and encode the images, look for duplicates, cluster. 'paris resume' trains.",
            "paris ingest -f run.yaml --wait",
            "paris ingest -f run.yaml --wait --bad-files bad.jsonl --set data.nearDuplicates=report")
    {
        Options.Add(_file);
        Options.Add(_wait);
        Options.Add(_badFiles);
        Options.Add(_set);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        var (wait, file) = (arguments.GetValue(_wait), arguments.GetValue(_badFiles));
        if (file is not null && !wait)
        {
            throw new ParisInputException("--bad-files needs --wait: the list is there when the images are read.");
        }

        var spec = await SpecFile.ReadAsync(arguments.GetValue(_file)!, arguments.GetValue(_set), Output, cancellationToken);
        using var client = Connect(arguments);
        var view = await client.SubmitAsync(spec, cancellationToken, dataOnly: true);
        if (!wait)
        {
            return RunOutcome.Submitted(view, Output, Json(arguments), client.Url);
        }

        view = await new RunFollower(client, Output, TimeProvider.System).FollowAsync(view.Run, Ended, Json(arguments), client.Url, cancellationToken);
        if (!IsThere(view))
        {
            if (Json(arguments))
            {
                Output.Json(view);
            }

            // Stopped by somebody: nothing is wrong with it, but it is not what was asked for.
            return RunOutcome.ExitCode(view, Output) is var code and not 0 ? code : Stopped(view);
        }

        var summary = IngestSummary.Of(view);
        var bad = await BadFilesAsync(client, view, cancellationToken);
        if (file is not null)
        {
            await WriteAsync(file, bad, cancellationToken);
        }

        if (Json(arguments))
        {
            Output.Json(summary with { BadFileList = file });
            return 0;
        }

        Output.Console.Write(IngestTable.Of(summary));
        foreach (var line in bad.Take(BadFilesTold))
        {
            // The reason begins with the file's name.
            Output.Line($"skipped: {JsonDocument.Parse(line).RootElement.GetProperty("reason").GetString()}");
        }

        if (bad.Length > BadFilesTold)
        {
            Output.Line(file is null ? $"and {bad.Length - BadFilesTold} more; --bad-files FILE writes them all" : $"and {bad.Length - BadFilesTold} more in {file}");
        }

        Output.Line(view.State == "paused"
            ? $"run {view.Run}: look at the contact sheets at {client.Url}; 'paris resume {view.Run}' trains"
            : $"run {view.Run}: {view.State}");
        return 0;
    }

    private static bool IsThere(RunView view) => view.Jobs.Where(x => IngestSummary.IsData(x)).All(x => x.State == "completed");

    private static bool Ended(RunView view) => IsThere(view) || view.Finished || view.State == "paused";

    private int Stopped(RunView view)
    {
        Output.Note($"paris: run {view.Run} is {view.State} before its data are there; 'paris ingest' again goes on");
        return CommandLine.Failed;
    }

    private static async Task<string[]> BadFilesAsync(GatewayClient client, RunView view, CancellationToken cancellationToken)
    {
        var blob = view.Jobs.First(x => x is { Kind: "ingest", Part: "" }).Outputs.GetValueOrDefault("bad-files");
        return blob is null
            ? []
            : Encoding.UTF8.GetString(await client.GetBlobAsync(view.Run, blob[$"runs/{view.Run}/".Length..], cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task WriteAsync(string file, string[] lines, CancellationToken cancellationToken)
    {
        try
        {
            await File.WriteAllLinesAsync(file, lines, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"the list of bad files cannot be written to '{file}' ({e.Message.TrimEnd('.')}); name another file with --bad-files.", e);
        }
    }
}
