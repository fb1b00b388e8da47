using System.Globalization;
using Paris.Core.Rest;

namespace Paris.Gateway.Reports;

/// <summary>Says in sentences what the numbers of a run show, and how its order of strategies compares with the paper's.</summary>
internal static class RunFindings
{
    public static IReadOnlyList<string> Of(RunReport report)
    {
        var findings = new List<string>();
        if (report.Strategies.Count > 0)
        {
            findings.Add($"Best first here: {string.Join(", ", report.Strategies.Select(r => $"{r.Strategy} ({N(r.Distance)})"))}."
                + (report.RealDistance is { } real ? $" {report.RealImages} real held-out images score {N(real)} against the same reference: the floor of this measurement." : ""));
        }

        if (Paper(report) is { } paper)
        {
            findings.Add(paper);
        }

        findings.AddRange(Coverage(report));
        return findings;
    }

    private static string? Paper(RunReport report)
    {
        var here = report.Strategies.ToDictionary(r => r.Strategy);
        var both = PaperResults.Ranking.Where(p => here.ContainsKey(p.Strategy)).ToArray();
        if (both.Length < 2)
        {
            return null;
        }

        var pairs = 0;
        var agree = 0;
        for (var i = 0; i < both.Length; i++)
        {
            for (var j = i + 1; j < both.Length; j++)
            {
                pairs++;
                agree += here[both[i].Strategy].Distance < here[both[j].Strategy].Distance ? 1 : 0;
            }
        }

        var theirs = string.Join(", ", both.Select(p => $"{Name(p.Strategy)} ({N(p.Fid)})"));
        var ours = string.Join(", ", both.OrderBy(p => here[p.Strategy].Distance).Select(p => $"{Name(p.Strategy)} ({N(here[p.Strategy].Distance)})"));
        var sentence = $"The paper (DiT-B/2 experts with text, LAION-Art, FID-50K) orders {theirs}; this run orders {ours}: {agree} of {pairs} pairs agree.";
        return here.TryGetValue("top-1", out var top1) && Collapse(report, top1) is { } why ? $"{sentence} {why}" : sentence;
    }

    // top-1 follows the router from the first step, where x_t is pure noise; without a condition all noise looks alike to it.
    private static string? Collapse(RunReport report, StrategyRow top1)
    {
        if (top1.ClusterShares.Count == 0 || top1.ClusterShares.Count != report.ClusterShares.Count)
        {
            return null;
        }

        var largest = top1.ClusterShares.Index().MaxBy(s => s.Item);
        var trained = report.ClusterShares[largest.Index];
        if (largest.Item < 1.5 * trained)
        {
            return $"top-1 keeps close to the training set's shares: its largest cluster, {report.ClusterAt(largest.Index)}, gets {P(largest.Item)} of the images and has {P(trained)} of the samples.";
        }

        var atNoise = report.Router?.Accuracy.Where(p => p.T >= 0.95).OrderByDescending(p => p.T).FirstOrDefault();
        return $"top-1 sends {P(largest.Item)} of the images to cluster {report.ClusterAt(largest.Index)}, which holds {P(trained)} of the samples"
            + (atNoise is null ? "" : $" (router accuracy at t = {atNoise.T.ToString("0.##", CultureInfo.InvariantCulture)}: {P(atNoise.Accuracy)})")
            + ": at high noise an unconditional router can know little more than the shares, and top-1 lets a small lead decide every first step. In the paper a prompt guides the experts; here nothing but the noise does.";
    }

    private static IEnumerable<string> Coverage(RunReport report)
    {
        var rows = report.Strategies.Where(r => r.ClassShares.Count > 0).ToArray();
        if (rows.Length == 0)
        {
            yield break;
        }

        var classes = rows[0].ClassShares.Count;
        var full = rows.Where(r => r.CoveredClasses == classes).Select(r => r.Strategy).ToArray();
        var partial = rows.Where(r => r.CoveredClasses < classes).OrderBy(r => r.CoveredClasses).Select(r => $"{r.Strategy} ({r.CoveredClasses})").ToArray();
        yield return (full.Length == 0 ? $"No strategy draws every one of the {classes} classes with at least 3 % of its images" : $"Every one of the {classes} classes gets at least 3 % of the images with {string.Join(", ", full)}")
            + (partial.Length == 0 ? "." : $"; classes reached by the others: {string.Join(", ", partial)}.");

        var costly = report.Strategies.MaxBy(r => r.ExpertsPerStep);
        if (costly is { ExpertsPerStep: > 1.01 })
        {
            var best = report.Strategies[0];
            yield return $"{costly.Strategy} runs {costly.ExpertsPerStep.ToString("0.0", CultureInfo.InvariantCulture)} experts an image and step, {best.Strategy}, the best here, {best.ExpertsPerStep.ToString("0.0", CultureInfo.InvariantCulture)}.";
        }
    }

    private static string Name(string strategy) => strategy == "twin" ? "monolithic" : strategy;

    private static string N(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string P(double share) => (100 * share).ToString("0", CultureInfo.InvariantCulture) + " %";
}
