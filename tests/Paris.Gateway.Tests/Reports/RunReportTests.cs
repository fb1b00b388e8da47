using System.Text.Json;
using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Gateway.Api;
using Paris.Gateway.Reports;

namespace Paris.Gateway.Tests.Reports;

public sealed class RunReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-report-").FullName;
    private readonly LocalBlobStore _store;

    public RunReportTests() => _store = new LocalBlobStore(_folder, TimeProvider.System);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_report_is_built_from_the_results_of_the_jobs()
    {
        await FillAsync();
        var report = await RunReportBuilder.BuildAsync(_store, "smoke");

        Assert.Equal(["cluster-first", "top-2", "top-1"], report.Strategies.Select(r => r.Strategy));
        Assert.Equal(17.25, report.Strategies[0].Distance);
        Assert.Equal(6.5, report.RealDistance);
        Assert.Equal(2, report.Strategies[0].CoveredClasses);
        Assert.Equal(0.4, report.Strategies[0].MinClassShare, 12);
        Assert.Equal(1, report.Strategies[2].CoveredClasses);
        Assert.Equal(1, report.Strategies[2].ClusterShareError!.Value, 12);
        Assert.Equal([0.5, 0.3, 0.2], report.ClusterShares);
        Assert.Equal(new AccuracyPoint(0.9, 0.3), report.Router!.Accuracy[1]);
        Assert.Equal(0.04, report.Router.PriorError);
        Assert.Equal(3, report.Experts.Count);
        Assert.Equal(0.3, report.Experts[1].Share);
        Assert.Equal(2, report.Experts[1].FirstLoss);
        Assert.Equal(1, report.Experts[1].LastLoss);
        Assert.Equal(40, report.Experts[1].Steps);
        Assert.Equal("grid-top-1.png", report.Pictures.Single(p => p.Blob.Contains("evaluation/top-1/", StringComparison.Ordinal)).File);
        Assert.Equal(report.Pictures.Count, report.Pictures.Select(p => p.File).Distinct().Count());
    }

    [Fact]
    public async Task It_explains_the_order_of_strategies_beside_the_papers_from_its_own_numbers()
    {
        await FillAsync();
        var findings = (await RunReportBuilder.BuildAsync(_store, "smoke")).Findings;

        Assert.Contains(findings, f => f.Contains("cluster-first (17.3), top-2 (52.0), top-1 (93.6)", StringComparison.Ordinal) && f.Contains("6.5", StringComparison.Ordinal));
        Assert.Contains(findings, f => f.Contains("top-2 (22.6), top-1 (30.6)", StringComparison.Ordinal) && f.Contains("1 of 1 pairs agree", StringComparison.Ordinal) && f.Contains("sends 100 % of the images to cluster 0, which holds 50 %", StringComparison.Ordinal));
        Assert.Contains(findings, f => f.Contains("Every one of the 2 classes", StringComparison.Ordinal) && f.Contains("top-1 (1)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Markdown_names_the_distance_and_never_FID_alone()
    {
        await FillAsync();
        var text = RunReportMarkdown.Render(await RunReportBuilder.BuildAsync(_store, "smoke"));

        Assert.Contains("Fréchet distance on 64 classifier features", text, StringComparison.Ordinal);
        Assert.Contains("| *real, 96 held-out* | 6.5 |", text, StringComparison.Ordinal);
        Assert.Contains("| cluster-first | 17.3 | 40.0 % | 2 of 2 |", text, StringComparison.Ordinal);
        Assert.Contains("](grid-top-1.png)", text, StringComparison.Ordinal);
        Assert.DoesNotContain("FID ", text.Replace("FID-50K", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_in_its_middle_has_a_report_of_what_is_done()
    {
        await PutSpecAsync();
        var report = await RunReportBuilder.BuildAsync(_store, "smoke");

        Assert.Empty(report.Strategies);
        Assert.Contains("No strategy has been evaluated yet", RunReportMarkdown.Render(report), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_change_report_and_experts_are_about_the_revision_in_use()
    {
        await FillAsync();
        var first = EnsembleRevision.First(RunSpecPresets.Load("smoke").Spec);
        var second = first.With(new EnsembleChange { Change = EnsembleChangeKind.Remove, Expert = 1 }, 2);
        var third = second.With(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 0 }, 3);
        await PutAsync(EnsembleRevision.BlobName("smoke", 2), second);
        await PutAsync(EnsembleRevision.BlobName("smoke", 3), third);
        await PutAsync(EnsembleState.BlobName("smoke"), new EnsembleState { Current = 2 });
        await FinishAsync(new JobId("smoke", JobKind.TrainRouter, Revision: 2), new() { ["accuracy.t0.50"] = 0.7 });
        await FinishAsync(new JobId("smoke", JobKind.Evaluate, "top-1", 2), new() { ["frechet"] = 80, ["share.class.0"] = 1, ["share.cluster.0"] = 0.25, ["share.cluster.2"] = 0.75 });

        var report = await RunReportBuilder.BuildAsync(_store, "smoke");
        Assert.Equal([0, 2], report.Experts.Select(x => x.Expert));
        Assert.Equal([0, 2], report.Clusters);
        Assert.Equal([5.0 / 7, 2.0 / 7], report.ClusterShares, (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal(("top-1", 80.0), (Assert.Single(report.Strategies).Strategy, report.Strategies[0].Distance));
        Assert.Equal([0.25, 0.75], report.Strategies[0].ClusterShares);
        Assert.Equal(0.7, Assert.Single(report.Router!.Accuracy).Accuracy);

        var view = await EnsembleViewBuilder.BuildAsync(_store, "smoke");
        Assert.Equal((2, 3), (view.Revision, view.Pending));
        Assert.Equal(["former", "in-use", "in-progress"], view.Revisions.Select(x => x.State));
        Assert.Equal("expert 3 added, cluster 0 split; router's head refit", view.Revisions[2].Change);
        Assert.Equal([(1, "top-1", 93.6), (2, "top-1", 80.0)], view.Scores.Where(x => x.Strategy == "top-1").Select(x => (x.Revision, x.Strategy, x.Distance)));

        Task PutAsync<T>(string name, T value) => _store.PutAsync(name, JsonSerializer.SerializeToUtf8Bytes(value, WorkerProtocol.Json), PutCondition.Absent);
    }

    [Fact]
    public async Task An_unknown_run_is_not_found()
        => Assert.Equal(404, (await Assert.ThrowsAsync<ApiException>(() => RunReportBuilder.BuildAsync(_store, "none"))).Status);

    [Fact]
    public async Task The_report_survives_its_JSON()
    {
        await FillAsync();
        var report = await RunReportBuilder.BuildAsync(_store, "smoke");
        var again = JsonSerializer.Deserialize<RunReport>(JsonSerializer.Serialize(report, RestJson.Indented), RestJson.Wire)!;

        Assert.Equal(RunReportMarkdown.Render(report), RunReportMarkdown.Render(again));
    }

    private Task PutSpecAsync() => _store.PutAsync("runs/smoke/spec.json", RunSpecJson.Serialize(RunSpecPresets.Load("smoke").Spec), PutCondition.Absent);

    private async Task FillAsync()
    {
        await PutSpecAsync();
        await FinishAsync(new JobId("smoke", JobKind.Partition), new() { ["share.cluster.0"] = 0.5, ["share.cluster.1"] = 0.3, ["share.cluster.2"] = 0.2 });
        await FinishAsync(new JobId("smoke", JobKind.Assign), [], ("sheet-0", "cluster-0.png"), ("sheet-1", "cluster-1.png"));
        for (var k = 0; k < 3; k++)
        {
            await FinishAsync(JobId.ForExpert("smoke", k), new() { ["loss"] = 0.4 + k, ["steps"] = 40 });
            await _store.PutAsync($"runs/smoke/experts/{k}/loss-e1.jsonl", "{\"epoch\":1,\"start\":0}\n{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":1.5}\n{\"step\":3,\"loss\":9}\n"u8.ToArray(), PutCondition.Always);
            await _store.PutAsync($"runs/smoke/experts/{k}/loss-e2.jsonl", "{\"epoch\":2,\"start\":2}\n{\"step\":3,\"loss\":1}\n{\"step\":4,\"skipped\":true}\n{\"step"u8.ToArray(), PutCondition.Always);
        }

        await FinishAsync(new JobId("smoke", JobKind.TrainRouter), new() { ["accuracy.t0.50"] = 0.88, ["accuracy.t0.90"] = 0.3, ["accuracy.t1.00"] = 0.2, ["prior.l1"] = 0.04 });
        await EvaluateAsync("top-1", 93.6, [1, 0], [1, 0, 0], 1);
        await EvaluateAsync("cluster-first", 17.25, [0.6, 0.4], [0.5, 0.3, 0.2], 1);
        await EvaluateAsync("top-2", 52, [0.9, 0.1], [0.8, 0.2, 0], 2);
    }

    private Task EvaluateAsync(string strategy, double distance, double[] classes, double[] clusters, double experts)
    {
        var metrics = new Dictionary<string, double> { ["frechet"] = distance, ["frechet.real"] = 6.5, ["frechet.real.images"] = 96, ["experts.per.step"] = experts, ["samples.per.second"] = 12, ["router.seconds"] = 1.5 };
        for (var i = 0; i < classes.Length; i++)
        {
            metrics[$"share.class.{i}"] = classes[i];
        }

        for (var i = 0; i < clusters.Length; i++)
        {
            metrics[$"share.cluster.{i}"] = clusters[i];
        }

        return FinishAsync(new JobId("smoke", JobKind.Evaluate, strategy), metrics, ("grid", "grid.png"));
    }

    private async Task FinishAsync(JobId job, Dictionary<string, double> metrics, params (string Role, string File)[] pictures)
    {
        var fence = await JobFence.TakeOverAsync(_store, job, "silo-0", new string('a', 32), "start");
        var outputs = new Dictionary<string, BlobEntry>();
        foreach (var (role, file) in pictures)
        {
            using var content = new MemoryStream([1, 2, 3]);
            outputs[role] = await fence.PutOutputAsync(file, content);
        }

        await fence.CommitResultAsync(new JobResult { Job = job, Metrics = metrics, Outputs = outputs, Seconds = 2 });
    }
}
