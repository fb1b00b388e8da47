using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;
using Paris.Gateway.Api;
using Paris.Gateway.Runs;

namespace Paris.Gateway.Tests;

/// <summary>A cluster that remembers what it was asked.</summary>
internal sealed class FakeRunService : IRunService
{
    public Dictionary<string, RunView> Runs { get; } = [];

    public Dictionary<string, string> Specs { get; } = [];

    public List<string> Calls { get; } = [];

    public Task<RunView> SubmitAsync(string specJson, bool dataOnly, CancellationToken cancellationToken)
    {
        Calls.Add(dataOnly ? "ingest" : "submit");
        var name = System.Text.Json.JsonDocument.Parse(specJson).RootElement.GetProperty("name").GetString()!;
        if (Specs.TryGetValue(name, out var known) && known != specJson)
        {
            throw ApiException.Conflict($"Run '{name}' exists with another spec.");
        }

        Specs[name] = specJson;
        Runs.TryAdd(name, new RunView { Run = name, State = "running" });
        return Task.FromResult(Runs[name]);
    }

    public Task<IReadOnlyList<RunSummaryView>> ListAsync(CancellationToken cancellationToken)
        => Task.FromResult<IReadOnlyList<RunSummaryView>>([.. Runs.Values.Select(r => new RunSummaryView(r.Run, r.State, r.Phase, r.Submitted, r.Seconds, 0, r.Jobs.Count))]);

    public Task<RunView?> GetAsync(string run, CancellationToken cancellationToken) => Task.FromResult(Runs.GetValueOrDefault(run));

    public Task<RunView> PauseAsync(string run, CancellationToken cancellationToken) => Change(run, "paused");

    public Task<RunView> ResumeAsync(string run, CancellationToken cancellationToken) => Change(run, "running");

    public Task<RunView> CancelAsync(string run, CancellationToken cancellationToken) => Change(run, "cancelled");

    public Task<string> SampleAsync(string run, SampleRequest request, CancellationToken cancellationToken)
    {
        Calls.Add($"sample {run} {request.Strategy} {request.Count} {request.Seed} {request.Steps} {request.Guidance}");
        return Task.FromResult($"{run}/sample/{request.Id ?? "abc"}");
    }

    public Task<IReadOnlyList<string>> EvaluateAsync(string run, IReadOnlyList<string> strategies, CancellationToken cancellationToken)
    {
        Calls.Add($"evaluate {run} {string.Join(',', strategies)}");
        return Task.FromResult<IReadOnlyList<string>>([.. strategies.Select(s => $"{run}/evaluate/{s}")]);
    }

    public Task<int> ChangeEnsembleAsync(string run, EnsembleChange change, CancellationToken cancellationToken)
    {
        Calls.Add($"{change.Change} {run} {change.Expert} {change.Split} {change.Router}");
        return Task.FromResult(2);
    }

    public Task<int> UndoEnsembleAsync(string run, int revision, CancellationToken cancellationToken)
    {
        Calls.Add($"undo {run} {revision}");
        return Task.FromResult(1);
    }

    public Task<TraceView> GetTraceAsync(JobId job, int points, CancellationToken cancellationToken)
        => Task.FromResult(new TraceView(job.Key, [1, 2], [1.5, points]));

    public Task<ClusterView> GetClusterAsync(CancellationToken cancellationToken)
        => Task.FromResult(new ClusterView([new SiloView("silo-0", false, [new SlotView("cpu-0", "CPU share", "demo/expert/0"), new SlotView("cpu-1", "CPU share", null)])], 2, 1, ["demo/expert/1"]));

    public Task<MigrationView> MigrateAsync(JobId job, MigrateRequest request, CancellationToken cancellationToken)
    {
        Calls.Add($"migrate {job.Key} {request.To}/{request.Slot}");
        return request.To == "nowhere"
            ? throw ApiException.NotFound("there is no silo 'nowhere'; silos are silo-0")
            : Task.FromResult(new MigrationView(job.Key, "silo-0/cpu-0", "silo-1/cpu-0", 3));
    }

    public Task<AdviceView> AdviseAsync(CancellationToken cancellationToken) => Task.FromResult(new AdviceView(
        2, 1, 2, 0, Calls.Contains("rebalance True"), [new WantedView("40 GiB", 2, 0, 2)], [new FinishView(0, 90, 0), new FinishView(2, null, 2)], [new SiloCostView("silo-0", 2, 1, 150, false)]));

    public Task RebalanceAsync(bool on, CancellationToken cancellationToken)
    {
        Calls.Add($"rebalance {on}");
        return Task.CompletedTask;
    }

    private Task<RunView> Change(string run, string state)
    {
        Calls.Add($"{state} {run}");
        if (!Runs.TryGetValue(run, out var view))
        {
            throw ApiException.NotFound($"There is no run '{run}'.");
        }

        Runs[run] = view with { State = state };
        return Task.FromResult(Runs[run]);
    }
}
