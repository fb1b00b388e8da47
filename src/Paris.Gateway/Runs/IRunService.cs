using Paris.Core.Jobs;
using Paris.Core.Rest;
using Paris.Core.Specs;

namespace Paris.Gateway.Runs;

/// <summary>
/// What the API asks of the cluster. The grains answer it; tests put something simpler behind it. Every method throws
/// <see cref="Api.ApiException"/> for what cannot be done.
/// </summary>
public interface IRunService
{
    /// <summary>Starts a run; the same spec again goes on with it, another spec is a conflict.</summary>
    /// <param name="specJson">The canonical spec.</param>
    /// <param name="dataOnly">Makes images, features, clusters and latents, and waits then.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    Task<RunView> SubmitAsync(string specJson, bool dataOnly, CancellationToken cancellationToken);

    Task<IReadOnlyList<RunSummaryView>> ListAsync(CancellationToken cancellationToken);

    /// <summary>The run, or null when there is none.</summary>
    Task<RunView?> GetAsync(string run, CancellationToken cancellationToken);

    Task<RunView> PauseAsync(string run, CancellationToken cancellationToken);

    Task<RunView> ResumeAsync(string run, CancellationToken cancellationToken);

    Task<RunView> CancelAsync(string run, CancellationToken cancellationToken);

    /// <summary>Asks for images; returns the job's key.</summary>
    Task<string> SampleAsync(string run, SampleRequest request, CancellationToken cancellationToken);

    /// <summary>Evaluates strategies, those of the spec when none is named; returns the jobs' keys.</summary>
    Task<IReadOnlyList<string>> EvaluateAsync(string run, IReadOnlyList<string> strategies, CancellationToken cancellationToken);

    /// <summary>Adds, replaces or removes an expert; returns the number of the revision in progress.</summary>
    Task<int> ChangeEnsembleAsync(string run, EnsembleChange change, CancellationToken cancellationToken);

    /// <summary>Takes the last revision of the ensemble back; returns the one in use.</summary>
    Task<int> UndoEnsembleAsync(string run, int revision, CancellationToken cancellationToken);

    /// <summary>A job's loss curve, thinned to <paramref name="points"/>.</summary>
    Task<TraceView> GetTraceAsync(JobId job, int points, CancellationToken cancellationToken);

    Task<ClusterView> GetClusterAsync(CancellationToken cancellationToken);

    /// <summary>Moves a running job; answers once a slot is set aside and its worker was told to stop.</summary>
    Task<MigrationView> MigrateAsync(JobId job, MigrateRequest request, CancellationToken cancellationToken);

    /// <summary>What the queue would need, and which silos could go.</summary>
    Task<AdviceView> AdviseAsync(CancellationToken cancellationToken);

    /// <summary>Turns the rebalancer on or off.</summary>
    Task RebalanceAsync(bool on, CancellationToken cancellationToken);
}
