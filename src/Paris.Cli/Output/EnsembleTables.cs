using Paris.Core.Rest;
using Spectre.Console;

namespace Paris.Cli.Output;

/// <summary>Tables of experts, and of scores before and after a change.</summary>
internal static class EnsembleTables
{
    /// <summary>Writes the experts in use and the scores of this and the former revision.</summary>
    /// <param name="view">What is in use.</param>
    /// <param name="output">Where to.</param>
    /// <param name="before">What was in use before a change, to say whose weights are what they were.</param>
    public static void Show(EnsembleView view, CliOutput output, EnsembleView? before = null)
    {
        output.Console.Write(Experts(view, before));
        if (view.Router is { } router)
        {
            output.Line($"router: since revision {router.Since} ({(router.Since == 1 ? "trained" : $"{router.Refit} refit")}), model {Short(router.Model)}"
                + (router.Accuracy.Count == 0 ? "" : $"; accuracy {string.Join(", ", router.Accuracy.Select(a => $"t={Units.Number(a.T, "0.##")} {Units.Number(a.Accuracy, "0.00")}"))}"));
        }

        foreach (var revision in view.Revisions.Where(_ => view.Revisions.Count > 1))
        {
            output.Line($"revision {revision.Revision}, {revision.State.Replace('-', ' ')}: {revision.Change}");
        }

        var present = view.Revisions.First(x => x.Revision == view.Revision);
        if (view.Scores.Any(x => x.Revision == view.Revision))
        {
            output.Console.Write(Scores(view, present.Base == 0 ? [1] : [present.Base, present.Revision]));
        }
    }

    private static Table Experts(EnsembleView view, EnsembleView? before)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        foreach (var column in (string[])["expert", "samples", "share", "since revision"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        table.AddColumn("weights");
        table.AddColumn("model file");
        if (before is not null)
        {
            table.AddColumn($"since revision {before.Revision}");
        }

        foreach (var expert in view.Experts)
        {
            List<string> row =
            [
                Units.Number(expert.Expert, "0"),
                Units.Number(expert.Samples, "0"),
                expert.Share is { } share ? Units.Percent(share) : "–",
                Units.Number(expert.Since, "0"),
                Short(expert.Weights),
                Short(expert.Model),
            ];
            if (before is not null)
            {
                row.Add(before.Experts.FirstOrDefault(x => x.Expert == expert.Expert) is not { } former ? "[blue]new[/]"
                    : former.Model == expert.Model && former.Weights == expert.Weights ? "unchanged"
                    : "[blue]replaced[/]");
            }

            table.AddRow([.. row]);
        }

        return table;
    }

    /// <summary>One strategy a row, one revision a column.</summary>
    private static Table Scores(EnsembleView view, int[] revisions)
    {
        var table = new Table().RoundedBorder().BorderColor(Color.Grey);
        table.AddColumn("Fréchet distance");
        foreach (var revision in revisions)
        {
            table.AddColumn(new TableColumn(revisions.Length == 1 ? $"revision {revision}" : $"{(revision == view.Revision ? "after" : "before")} (revision {revision})").RightAligned());
        }

        table.AddColumn(new TableColumn("experts/step").RightAligned());
        table.AddColumn(new TableColumn("min class share").RightAligned());
        var scores = view.Scores.ToDictionary(x => (x.Revision, x.Strategy));
        foreach (var strategy in view.Scores.Where(x => revisions.Contains(x.Revision)).OrderByDescending(x => x.Revision).Select(x => x.Strategy).Distinct())
        {
            string Each(Func<RevisionScore, string> text) => string.Join(" → ", revisions.Select(x => scores.TryGetValue((x, strategy), out var score) ? text(score) : "–"));
            table.AddRow(
            [
                Markup.Escape(strategy),
                .. revisions.Select(x => Units.Number(scores.GetValueOrDefault((x, strategy))?.Distance, "0.0")),
                Each(x => Units.Number(x.ExpertsPerStep, "0.0")),
                Each(x => x.MinClassShare is { } share ? Units.Percent(share) : "–"),
            ]);
        }

        return table;
    }

    private static string Short(string? hash) => hash is { Length: >= 12 } ? hash[..12] : "–";
}
