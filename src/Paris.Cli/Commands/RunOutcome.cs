using Paris.Cli.Output;
using Paris.Core.Rest;

namespace Paris.Cli.Commands;

/// <summary>How the end of a run becomes the end of a command.</summary>
internal static class RunOutcome
{
    /// <summary>Tells of a run that was submitted, and returns its exit code.</summary>
    public static int Submitted(RunView run, CliOutput output, bool json, string url)
    {
        if (json)
        {
            output.Json(run);
        }
        else
        {
            output.Line($"run {run.Run}: {run.State}; watch it with 'paris status {run.Run} --watch' or at {url}");
        }

        return ExitCode(run, output);
    }

    /// <summary>0 for a run that completed or goes on; else tells why it did not, and 2 when its input was wrong.</summary>
    public static int ExitCode(RunView run, CliOutput output)
    {
        if (run.State is not ("failed" or "cancelled"))
        {
            return 0;
        }

        var culprit = run.Jobs.FirstOrDefault(j => j.State is "failed" or "quarantined");
        var message = culprit?.Message ?? run.Message;
        output.Note($"paris: run {run.Run} {run.State}{(culprit is null ? "" : $" in {RunTables.Name(culprit)}")}{(string.IsNullOrEmpty(message) ? "" : $": {message.Trim()}")}");
        return culprit?.BadInput == true ? CommandLine.BadInput : CommandLine.Failed;
    }
}
