using System.CommandLine;
using Paris.Cli.Client;
using Paris.Cli.Output;
using Paris.Core;
using Paris.Core.Jobs;
using Paris.Core.Rest;

namespace Paris.Cli.Commands;

/// <summary><c>paris migrate</c></summary>
internal sealed class MigrateCommand : ParisCommand
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(300);

    private readonly Argument<string> _job = new("job") { Description = "The job: RUN/expert/3, RUN/router …" };
    private readonly Option<string?> _to = new("--to") { Description = "The silo, or silo and slot (default: the fastest free slot that fits).", HelpName = "silo[/slot]" };
    private readonly Option<int> _wait = CommonOptions.AtLeast(0, new Option<int>("--wait") { Description = "Seconds to wait until it trains there; 0 returns at once.", DefaultValueFactory = _ => 120, HelpName = "s" });

    public MigrateCommand(CliOutput output)
        : base(output, "migrate", "Move a running job to another slot: it commits a checkpoint, stops, and goes on there. No step is lost.", "paris migrate demo/expert/3 --to silo-1", "paris migrate demo/router --to silo-1/gpu-0")
    {
        Arguments.Add(_job);
        Options.Add(_to);
        Options.Add(_wait);
    }

    protected override async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellationToken)
    {
        JobId job;
        try
        {
            job = JobId.Parse(arguments.GetValue(_job)!);
        }
        catch (FormatException e)
        {
            throw new ParisInputException(e.Message, e);
        }

        var request = MigrateRequest.Parse(arguments.GetValue(_to));
        var json = Json(arguments);
        using var client = Connect(arguments);
        var started = TimeProvider.System.GetTimestamp();
        var move = await client.MigrateAsync(job, request, cancellationToken);
        if (!json)
        {
            Output.Line($"{move.Job}: leaves {move.From} for {move.To}; it commits a checkpoint and stops");
        }

        var last = "";
        JobView? view = null;
        while (TimeProvider.System.GetElapsedTime(started).TotalSeconds < arguments.GetValue(_wait))
        {
            view = await LookAsync(client, job, cancellationToken) ?? view;
            var arrived = Arrived(move, view);
            var line = view is null ? "" : $"{view.State}{(view.Silo is null ? "" : $" on {view.Silo}/{view.Slot}")}, committed step {view.CommittedStep}{(view.Message is null ? "" : $": {view.Message}")}";
            if (!json && !arrived && line != last && line.Length > 0)
            {
                Output.Line($"  {line}");
                last = line;
            }

            if (arrived || view?.State is "failed" or "quarantined" or "cancelled" or "paused")
            {
                break;
            }

            await Task.Delay(s_period, cancellationToken);
        }

        return Tell(move, view, TimeProvider.System.GetElapsedTime(started).TotalSeconds, arguments.GetValue(_wait), json);
    }

    private int Tell(MigrationView move, JobView? view, double seconds, int wait, bool json)
    {
        var runs = Arrived(move, view);
        var place = view?.Silo is { } silo ? $"{silo}/{view.Slot}" : null;
        if (json)
        {
            Output.Json(new { move.Job, move.From, move.To, Landed = runs ? place : null, State = view?.State, Epoch = view?.Epoch, CommittedStep = view?.CommittedStep, Seconds = Math.Round(seconds, 1) });
        }
        else if (runs)
        {
            Output.Line(view!.State == "completed" ? $"{move.Job}: it completed meanwhile"
                : place == move.To ? $"{move.Job}: trains on {place} since {seconds:0.0} s after the request, epoch {view.Epoch}, from step {view.CommittedStep}"
                : $"{move.Job}: {move.To} was gone when it came; it goes on on {place}, epoch {view.Epoch}");
        }
        else if (wait > 0)
        {
            Output.Note($"paris: {move.Job} does not run there yet after {seconds:0} s ({view?.State ?? "no answer"}{(view?.Message is null ? "" : $": {view.Message}")}); 'paris status {move.Job.Split('/')[0]}' shows what becomes of it");
        }

        return runs || wait == 0 ? 0 : CommandLine.Failed;
    }

    private static bool Arrived(MigrationView move, JobView? view) =>
        view?.State == "completed" || (view?.State == "running" && view.Epoch > move.Epoch);

    private static async Task<JobView?> LookAsync(GatewayClient client, JobId job, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetAsync(job.Run, cancellationToken)).Jobs.FirstOrDefault(j => j.Key == job.Key);
        }
        catch (GatewayException e) when (!e.BadInput)
        {
            // The grains move as well: asked again in a moment.
            return null;
        }
    }
}
