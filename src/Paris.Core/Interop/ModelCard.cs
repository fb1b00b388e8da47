using System.Globalization;
using System.Text;
using Paris.Core.Jobs;
using Paris.Core.Specs;

namespace Paris.Core.Interop;

/// <summary>The <c>README.md</c> of an exported ensemble: what it is, its data, its clusters, its compute, its licence, how to load it.</summary>
internal static class ModelCard
{
    /// <param name="spec">The run's.</param>
    /// <param name="ensemble">What is exported of it.</param>
    /// <param name="results">[K + 1] of the experts and the router.</param>
    /// <param name="notes">What the run does not know.</param>
    public static string Write(RunSpec spec, EnsembleRevision ensemble, IReadOnlyList<JobResult> results, ExportNotes notes)
    {
        var text = new StringBuilder();
        void Line(string line = "") => text.Append(line).Append('\n');
        string Number(double value) => value.ToString("#,0.###", CultureInfo.InvariantCulture);

        Line("---");
        Line($"license: {notes.Licence ?? "unknown"}");
        Line("tags: [diffusion, decentralized-diffusion, flow-matching]");
        Line("---");
        Line();
        Line($"# {spec.Name}");
        Line();
        Line($"{ensemble.Members.Count} expert diffusion transformers, each trained alone on one cluster of the data, and a router among them.");
        Line();
        Line("| | |");
        Line("|---|---|");
        Line($"| data | {notes.Dataset ?? spec.Import?.Dataset ?? Path.GetFileName(spec.Data.Images)} |");
        Line($"| clusters | {ensemble.Members.Count}{(ensemble.Revision > 1 ? $" (revision {ensemble.Revision} of the ensemble)" : "")}{(spec.Import is null ? $", {spec.Clustering.Extractor}, two-stage k-means ({spec.Clustering.FineClusters} fine)" : "")} |");
        Line($"| condition | experts: {spec.Expert.Model.Condition}; router: {spec.Router.Model.Conditioning} |");
        Line("| objective | flow matching, x_t = (1 − t) x_0 + t ε, v = ε − x_0; time input 1000 t |");
        if (spec.Import is { } import)
        {
            Line($"| imported from | {import.Source} {import.Experiment} |");
        }
        else
        {
            Line($"| training | experts {spec.Expert.Training.Steps} steps × batch {spec.Expert.Training.Batch}, router {spec.Router.Training.Steps} × {spec.Router.Training.Batch} |");
            Line($"| compute | {Number(results.Sum(x => x.Seconds) / 3600)} slot hours on {string.Join(", ", results.Select(x => x.Facts.GetValueOrDefault("device", "?")).Distinct())} |");
        }

        Line($"| licence | {notes.Licence ?? "not stated"} |");
        Line();
        Line("| model | parameters | samples | final loss | SHA-256 of the weights |");
        Line("|---|---:|---:|---:|---|");
        foreach (var result in results)
        {
            string Metric(string name) => result.Metrics.TryGetValue(name, out var value) ? Number(value) : "";
            Line($"| {result.Job.KindName} {result.Job.Part} | {Metric("parameters")} | {Metric("samples")} | {Metric("loss")} | {result.Facts.GetValueOrDefault("weights-sha256", "")} |");
        }

        Line();
        Line("Layout, field and key names are those of the released Paris weights: `expert_k/diffusion_pytorch_model.safetensors`, `router/pytorch_model.safetensors`.");
        Line("At every step: p = softmax(router(x_t, t)); the chosen experts' velocities are mixed by p; Euler step. `paris import paris DIR --run NAME` loads this folder.");
        return text.ToString();
    }
}
