using System.Globalization;
using System.Text;

namespace Paris.Core.Rest;

/// <summary>A run's report for people (<c>report.md</c>).</summary>
public static class RunReportMarkdown
{
    /// <summary>The report as Markdown; pictures are linked by the files beside it.</summary>
    public static string Render(RunReport report)
    {
        var text = new StringBuilder();
        Line($"# Run {report.Run}");
        Line();
        Line($"{report.Experts.Count} experts on {report.Data}, seed {report.Seed}; Paris.Orleans {report.Version}.");
        Line();
        StrategyTable();
        foreach (var finding in report.Findings)
        {
            Line($"- {finding}");
        }

        if (report.Findings.Count > 0)
        {
            Line();
        }

        PictureSection("Samples by strategy", "grid");
        RouterSection();
        ClassTable();
        ExpertTable();
        PictureSection("Clusters", "sheet");
        PictureSection("Samples on request", "samples");
        PictureSection("Other pictures", "other");
        PictureSection("Previews", "preview");
        JobTable();
        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');

        void StrategyTable()
        {
            if (report.Strategies.Count == 0)
            {
                Line("No strategy has been evaluated yet.");
                Line();
                return;
            }

            Line("## Strategies");
            Line();
            Line($"{report.Distance}: {report.Images} images against {report.Reference} of the training set; lower is better.");
            Line();
            Line("| strategy | distance | smallest class share | classes ≥ 3 % | cluster share error | experts a step | samples/s | router s |");
            Line("|---|---:|---:|---:|---:|---:|---:|---:|");
            foreach (var row in report.Strategies)
            {
                Line($"| {row.Strategy} | {N(row.Distance, "0.0")} | {P(row.ClassShares.Count == 0 ? null : row.MinClassShare)} | {(row.ClassShares.Count == 0 ? "–" : $"{row.CoveredClasses} of {row.ClassShares.Count}")} "
                    + $"| {N(row.ClusterShareError, "0.00")} | {N(row.ExpertsPerStep, "0.0")} | {N(row.SamplesPerSecond, "0.0")} | {N(row.RouterSeconds, "0.0")} |");
            }

            Line($"| *real, {report.RealImages} held-out* | {N(report.RealDistance, "0.0")} | | | | | | |");
            Line();
        }

        void RouterSection()
        {
            if (report.Router is not { } router)
            {
                return;
            }

            Line("## Router");
            Line();
            if (router.Accuracy.Count > 0)
            {
                Line($"| t | {string.Join(" | ", router.Accuracy.Select(a => N(a.T, "0.##")))} |");
                Line($"|---|{string.Concat(router.Accuracy.Select(_ => "---:|"))}");
                Line($"| top-1 accuracy | {string.Join(" | ", router.Accuracy.Select(a => N(a.Accuracy, "0.00")))} |");
                Line();
            }

            if (router.PriorError is { } prior)
            {
                Line($"At t = 1 its mean probabilities differ from the cluster shares by {N(prior, "0.000")} (sum of absolute differences).");
                Line();
            }
        }

        void ClassTable()
        {
            var rows = report.Strategies.Where(r => r.ClassShares.Count > 0).ToArray();
            if (rows.Length == 0)
            {
                return;
            }

            var classes = rows[0].ClassShares.Count;
            Line("## Class shares");
            Line();
            Line($"| strategy | {string.Join(" | ", Enumerable.Range(0, classes).Select(c => c < report.Classes.Count ? report.Classes[c] : c.ToString(CultureInfo.InvariantCulture)))} |");
            Line($"|---|{string.Concat(Enumerable.Repeat("---:|", classes))}");
            foreach (var row in rows)
            {
                Line($"| {row.Strategy} | {string.Join(" | ", row.ClassShares.Select(s => P(s)))} |");
            }

            Line();
            if (report.ClusterShares.Count > 0 && rows.Any(r => r.ClusterShares.Count > 0))
            {
                Line("## Cluster shares");
                Line();
                Line($"| strategy | {string.Join(" | ", report.ClusterShares.Select((_, k) => report.ClusterAt(k).ToString(CultureInfo.InvariantCulture)))} |");
                Line($"|---|{string.Concat(Enumerable.Repeat("---:|", report.ClusterShares.Count))}");
                Line($"| *training set* | {string.Join(" | ", report.ClusterShares.Select(s => P(s)))} |");
                foreach (var row in rows.Where(r => r.ClusterShares.Count > 0))
                {
                    Line($"| {row.Strategy} | {string.Join(" | ", row.ClusterShares.Select(s => P(s)))} |");
                }

                Line();
            }
        }

        void ExpertTable()
        {
            if (report.Experts.Count == 0)
            {
                return;
            }

            Line("## Experts");
            Line();
            Line("Losses floor at different levels by cluster: compare each expert with its own start, never with another.");
            Line();
            Line("| expert | share of the samples | loss at the start | loss at the end | steps | seconds | weights (SHA-256) |");
            Line("|---:|---:|---:|---:|---:|---:|---|");
            foreach (var expert in report.Experts)
            {
                Line($"| {expert.Expert} | {P(expert.Share)} | {N(expert.FirstLoss, "0.000")} | {N(expert.LastLoss, "0.000")} | {expert.Steps} | {N(expert.Seconds, "0")} | {(expert.Weights is { Length: >= 12 } sha ? $"`{sha[..12]}`" : "–")} |");
            }

            Line();
        }

        void PictureSection(string title, string kind)
        {
            var pictures = report.Pictures.Where(p => p.Kind == kind).ToArray();
            if (pictures.Length == 0)
            {
                return;
            }

            Line($"## {title}");
            Line();
            foreach (var picture in pictures)
            {
                Line($"**{picture.Caption}**");
                Line();
                Line($"![{picture.Caption}]({picture.File})");
                Line();
            }
        }

        void JobTable()
        {
            if (report.Jobs.Count == 0)
            {
                return;
            }

            Line("## Jobs");
            Line();
            Line("| job | seconds | worker starts |");
            Line("|---|---:|---:|");
            foreach (var job in report.Jobs)
            {
                Line($"| {job.Job} | {N(job.Seconds, "0.0")} | {job.Epochs} |");
            }

            Line();
        }
    }

    private static string N(double? value, string format) => value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) : "–";

    private static string P(double? share) => share is { } value ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) + " %" : "–";
}
