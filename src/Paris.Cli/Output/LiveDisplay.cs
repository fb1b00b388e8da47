using Paris.Core.Rest;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Paris.Cli.Output;

/// <summary>Phases with bars, rate and time left, and the table of experts, redrawn in place.</summary>
internal sealed class LiveDisplay(LiveDisplayContext context, string? url) : IRunDisplay
{
    private const int BarWidth = 24;

    public void Update(RunView run)
    {
        context.UpdateTarget(Render(run, url));
        context.Refresh();
    }

    internal static IRenderable Render(RunView run, string? url)
    {
        var phases = new Table().NoBorder().HideHeaders();
        phases.AddColumns("phase", "bar", "share", "jobs", "rate", "left");
        foreach (var phase in run.Phases)
        {
            var filled = (int)Math.Round(BarWidth * phase.Fraction);
            var color = phase.Failed > 0 ? "red" : phase.Completed == phase.Jobs ? "green" : "blue";
            phases.AddRow(
                Markup.Escape(phase.Kind),
                $"[{color}]{new string('━', filled)}[/][grey]{new string('━', BarWidth - filled)}[/]",
                Units.Percent(phase.Fraction),
                phase.Jobs > 1 ? $"{phase.Completed}/{phase.Jobs}" : "",
                phase.Running > 0 ? Units.Rate(phase.Rate, phase.Unit) : "",
                phase.Running > 0 && phase.SecondsLeft is not null ? $"{Units.Duration(phase.SecondsLeft)} left" : phase.Completed == phase.Jobs ? "[green]done[/]" : phase.Running > 0 ? "" : "[grey]waits[/]");
        }

        var rows = new List<IRenderable>
        {
            new Markup($"[bold]{Markup.Escape(run.Run)}[/] {RunTables.Colored(run.State)} [grey]{Markup.Escape(run.Phase)} · {Units.Duration(run.Seconds)}{(url is null ? "" : $" · {Markup.Escape(url)}")}[/]"),
            phases,
        };
        var trained = run.Jobs.Where(j => j.Kind is "expert" or "router" or "twin" && j.State != "waiting").ToArray();
        if (trained.Length > 0)
        {
            rows.Add(RunTables.Jobs(trained));
        }

        foreach (var job in run.Jobs.Where(j => j.Message is not null && j.State is "failed" or "quarantined"))
        {
            rows.Add(new Markup($"[red]{Markup.Escape($"{RunTables.Name(job)}: {job.Message}")}[/]"));
        }

        return new Rows(rows);
    }
}
