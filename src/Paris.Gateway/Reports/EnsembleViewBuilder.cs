using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Storage;

namespace Paris.Gateway.Reports;

/// <summary>Says which experts a run has, from what its jobs left in the store and from nothing else.</summary>
public static class EnsembleViewBuilder
{
    /// <summary>The view as far as the run is.</summary>
    /// <exception cref="Api.ApiException">There is no such run.</exception>
    public static async Task<EnsembleView> BuildAsync(IBlobStore store, string run, CancellationToken cancellationToken = default)
    {
        var spec = await RunReportBuilder.ReadSpecAsync(store, run, cancellationToken);
        var history = await EnsembleHistory.ReadAsync(store, spec, cancellationToken);
        var current = history.Current;
        Task<JobResult?> Result(JobId job) => JobFence.ReadResultAsync(store, job, cancellationToken);

        var partition = (await Result(new JobId(run, JobKind.Partition, Revision: current.Partition)))?.Metrics;
        var total = current.Members.Sum(x => Size(x.Expert) ?? 0);
        long? Size(int expert) => partition?.TryGetValue($"size.cluster.{expert}", out var size) == true ? (long)size : null;
        var experts = new List<ExpertView>();
        foreach (var member in current.Members)
        {
            var trained = await Result(member.Job(run));
            var samples = Size(member.Expert);
            experts.Add(new ExpertView(member.Expert, samples, samples / (double)total, member.Since, trained?.Facts.GetValueOrDefault("weights-sha256"), Model(trained)));
        }

        var router = await Result(new JobId(run, JobKind.TrainRouter, Revision: current.Router));
        return new EnsembleView
        {
            Run = run,
            Revision = current.Revision,
            Pending = history.Pending?.Revision,
            Experts = experts,
            Router = new RouterView(
                current.Router,
                history.Of(current.Router).Change?.Router == RouterRefit.Head ? "head" : "whole",
                Model(router),
                router is null ? [] : RunReportBuilder.Router(router).Accuracy),
            Revisions = [.. history.Revisions.Select(x => new RevisionView(x.Revision, x.Base, State(history, x), Describe(x, spec), [.. x.Members.Select(m => m.Expert)]))],
            Scores = await ScoresAsync(store, run, history, cancellationToken),
        };
    }

    private static async Task<IReadOnlyList<RevisionScore>> ScoresAsync(IBlobStore store, string run, EnsembleHistory history, CancellationToken cancellationToken)
    {
        var revisions = history.Chain.Select(x => x.Revision).ToHashSet();
        var scores = new List<RevisionScore>();
        foreach (var job in await RunReportBuilder.ListAsync(store, run, JobKind.Evaluate, cancellationToken))
        {
            if (revisions.Contains(job.Revision)
                && await JobFence.ReadResultAsync(store, job, cancellationToken) is { } result
                && result.Metrics.TryGetValue("frechet", out var distance))
            {
                var classes = result.Metrics.Where(x => x.Key.StartsWith("share.class.", StringComparison.Ordinal)).Select(x => x.Value).ToArray();
                scores.Add(new RevisionScore(job.Revision, job.Part, distance, classes.Length == 0 ? null : classes.Min(), result.Metrics.GetValueOrDefault("experts.per.step", 1)));
            }
        }

        return [.. scores.OrderBy(x => x.Revision).ThenBy(x => x.Distance)];
    }

    private static string State(EnsembleHistory history, EnsembleRevision revision)
        => history.State.Discarded.Contains(revision.Revision) ? "taken-back"
            : revision.Revision == history.State.Current ? "in-use"
            : revision.Revision > history.State.Current ? "in-progress"
            : "former";

    private static string Describe(EnsembleRevision revision, RunSpec spec)
    {
        if (revision.Change is not { } change)
        {
            return $"the spec: {spec.Clustering.Clusters} clusters";
        }

        var router = change.Router switch { RouterRefit.Keep => "router kept", RouterRefit.Whole => "router refit whole", _ => "router's head refit" };
        var data = change.Images is null ? "" : $" on {Path.GetFileName(change.Images.TrimEnd('/'))}";
        return change.Change switch
        {
            EnsembleChangeKind.Add => $"expert {revision.Trained!.Expert} added{(change.Split is { } split ? $", cluster {split} split" : data)}; {router}",
            EnsembleChangeKind.Replace => $"expert {change.Expert} replaced{(data.Length > 0 ? data : " on its cluster")}; {router}",
            _ => $"expert {change.Expert} and its cluster removed; {router}",
        };
    }

    private static string? Model(JobResult? result) => result?.Outputs.GetValueOrDefault("model")?.Sha256;
}
