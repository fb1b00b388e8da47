using Paris.Core.Rest;
using Spectre.Console;

namespace Paris.Cli.Output;

/// <summary>Tables of runs, jobs and strategies.</summary>
internal static class RunTables
{
    /// <summary>Jobs that train, one a row, with where they run.</summary>
    public static Table Jobs(IEnumerable<JobView> jobs)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn("job");
        table.AddColumn("state");
        table.AddColumn(new TableColumn("loss").RightAligned());
        table.AddColumn(new TableColumn("step").RightAligned());
        table.AddColumn(new TableColumn("rate").RightAligned());
        table.AddColumn(new TableColumn("left").RightAligned());
        table.AddColumn("silo");
        table.AddColumn("slot");
        table.AddColumn(new TableColumn("epoch").RightAligned());
        foreach (var job in jobs)
        {
            table.AddRow(
                Markup.Escape(Name(job)),
                Colored(job.State) + (job.QueuePosition > 0 ? $" [grey]({job.QueuePosition})[/]" : ""),
                Units.Loss(job.Loss),
                job.Total > 0 ? $"{job.Step}/{job.Total}" : "–",
                job.State == "running" ? Units.Rate(job.Rate, job.Unit) : "–",
                job.State == "running" ? Units.Duration(job.SecondsLeft) : "–",
                Markup.Escape(job.Silo ?? "–"),
                Markup.Escape(job.Slot ?? "–"),
                job.Epoch > 0 ? job.Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture) : "–");
        }

        return table;
    }

    public static Table Runs(IEnumerable<RunSummaryView> runs)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumns("run", "state", "phase");
        table.AddColumn(new TableColumn("jobs").RightAligned());
        table.AddColumn(new TableColumn("time").RightAligned());
        foreach (var run in runs)
        {
            table.AddRow(Markup.Escape(run.Run), Colored(run.State), Markup.Escape(run.Phase), $"{run.JobsDone}/{run.JobsTotal}", Units.Duration(run.Seconds));
        }

        return table;
    }

    public static Table Strategies(RunReport report)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn("strategy");
        foreach (var column in (string[])["Fréchet distance", "min class share", "classes ≥ 3 %", "experts/step", "samples/s", "router s"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var row in report.Strategies)
        {
            table.AddRow(
                Markup.Escape(row.Strategy),
                Units.Number(row.Distance, "0.0"),
                row.ClassShares.Count == 0 ? "–" : Units.Percent(row.MinClassShare),
                row.ClassShares.Count == 0 ? "–" : $"{row.CoveredClasses}/{row.ClassShares.Count}",
                Units.Number(row.ExpertsPerStep, "0.0"),
                Units.Number(row.SamplesPerSecond, "0.0"),
                Units.Number(row.RouterSeconds, "0.0"));
        }

        table.AddRow($"[grey]real, {report.RealImages} held-out[/]", Units.Number(report.RealDistance, "0.0"), "", "", "", "", "");
        return table;
    }

    /// <summary>Waiting jobs by what they need.</summary>
    public static Table Wanted(IEnumerable<WantedView> wanted)
    {
        var table = Numbers("waiting jobs need", "jobs", "slots that fit", "to add");
        foreach (var row in wanted)
        {
            table.AddRow(Markup.Escape(row.Needs), $"{row.Jobs}", $"{row.Present}", $"{row.Add}");
        }

        return table;
    }

    /// <summary>Time to the end by slots added.</summary>
    public static Table Finish(IEnumerable<FinishView> finish)
    {
        var table = Numbers("slots added", "all done in", "jobs of unknown length");
        foreach (var row in finish)
        {
            table.AddRow($"+{row.Added}", Units.Duration(row.Seconds), $"{row.Unknown}");
        }

        return table;
    }

    /// <summary>Every slot with its device and what runs there.</summary>
    public static Table Slots(ClusterView cluster)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumns("silo", "slot", "device");
        table.AddColumn(new TableColumn("memory").RightAligned());
        table.AddColumn("job");
        foreach (var silo in cluster.Silos)
        {
            foreach (var slot in silo.Slots)
            {
                table.AddRow(
                    Markup.Escape(silo.Name) + (silo.Draining ? " [yellow]drains[/]" : ""),
                    Markup.Escape(slot.Slot),
                    Markup.Escape(slot.Model ?? slot.Device),
                    slot.MemoryBytes > 0 ? $"{Units.Number(slot.MemoryBytes / (double)(1L << 30), "0.#")} GiB" : "–",
                    slot.Job is null ? "[grey]free[/]" : Markup.Escape(slot.Job));
            }
        }

        return table;
    }

    /// <summary>Silos, the cheapest to remove first.</summary>
    public static Table Silos(IEnumerable<SiloCostView> silos)
    {
        var table = Numbers("silo", "slots", "running", "deletion cost");
        table.AddColumn("");
        foreach (var row in silos)
        {
            table.AddRow(Markup.Escape(row.Silo), $"{row.Slots}", $"{row.Running}", $"{row.Cost}", row.CanGo ? "[green]can go[/]" : "");
        }

        return table;
    }

    public static string Name(JobView job) => job.Part.Length == 0 ? job.Kind : $"{job.Kind} {job.Part}";

    private static Table Numbers(string first, params ReadOnlySpan<string> columns)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn(first);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        return table;
    }

    public static string Colored(string state) => state switch
    {
        "running" or "starting" => $"[blue]{state}[/]",
        "completed" => $"[green]{state}[/]",
        "failed" or "quarantined" or "cancelled" => $"[red]{state}[/]",
        "paused" => $"[yellow]{state}[/]",
        _ => $"[grey]{state}[/]",
    };
}
