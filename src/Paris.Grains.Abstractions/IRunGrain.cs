using Orleans.Concurrency;

namespace Paris.Grains.Abstractions;

/// <summary>
/// One run; the key is the run's name. Holds nothing that it could not read again from the store: the spec, each job's head and
/// job.json, and what a person wants. Every method may be repeated.
/// </summary>
[Alias("paris.IRunGrain")]
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Stores the spec and starts the run. The same spec again goes on with it.</summary>
    /// <exception cref="ParisException"><see cref="ParisException.Conflict"/>: the run exists with another spec;
    /// <see cref="ParisException.BadInput"/>: the spec is wrong.</exception>
    [Alias("submit")]
    Task<RunStatus> SubmitAsync(string specJson);

    /// <summary>
    /// As <see cref="SubmitAsync"/>, but makes only the data: images, features, clusters, latents. The run then waits for
    /// <see cref="ResumeAsync"/>. A run that trains already goes on.
    /// </summary>
    [Alias("ingest")]
    Task<RunStatus> IngestAsync(string specJson);

    /// <exception cref="ParisException"><see cref="ParisException.NotFound"/>: nobody submitted this run.</exception>
    [Alias("status")]
    [AlwaysInterleave]
    Task<RunStatus> GetStatusAsync();

    /// <summary>Every worker commits a checkpoint and stops; nothing starts until <see cref="ResumeAsync"/>.</summary>
    [Alias("pause")]
    Task<RunStatus> PauseAsync();

    /// <summary>Goes on after a pause; failed and quarantined jobs get new retries.</summary>
    [Alias("resume")]
    Task<RunStatus> ResumeAsync();

    /// <summary>Stops every job for good; what is committed stays in the store. Submitting the same spec again starts it anew from there.</summary>
    [Alias("cancel")]
    Task<RunStatus> CancelAsync();

    /// <summary>Draws images as a job of its own and returns its key; see <see cref="JobGrains"/>.</summary>
    [Alias("sample")]
    Task<string> SampleAsync(SampleRequest request);

    /// <summary>Evaluates further strategies (or all of the spec when empty) and returns the jobs' keys.</summary>
    [Alias("evaluate")]
    Task<string[]> EvaluateAsync(string[] strategies);

    /// <summary>
    /// Adds, replaces or removes an expert of a completed run: stores the next revision of the ensemble and trains what it needs. The one in
    /// use serves until then. Returns the revision's number; the same change from the same revision again finds it.
    /// </summary>
    /// <param name="changeJson">An <c>EnsembleChange</c>.</param>
    /// <exception cref="ParisException"><see cref="ParisException.Conflict"/>: the run is not completed, or another revision is in progress or
    /// in use than the change names; <see cref="ParisException.BadInput"/>: the change cannot be done.</exception>
    [Alias("change-ensemble")]
    Task<int> ChangeEnsembleAsync(string changeJson);

    /// <summary>Takes the last revision back, complete or not, and returns the one then in use. Its files stay.</summary>
    /// <exception cref="ParisException"><see cref="ParisException.Conflict"/>: it is not the last; <see cref="ParisException.BadInput"/>: there is none.</exception>
    [Alias("undo-ensemble")]
    Task<int> UndoEnsembleAsync(int revision);

    /// <summary>Makes it so: starts every job that should run and does not. Called by the supervisor and by jobs that ended.</summary>
    [Alias("ensure")]
    Task<RunSummary> EnsureAsync();

    /// <summary>A job reached an end; what needs its result may start now.</summary>
    [Alias("job-ended")]
    Task JobEndedAsync(JobStatus status);

    /// <summary>Keys of the jobs that should run now, for the supervisor's comparison with what is reported.</summary>
    [Alias("wanted")]
    [AlwaysInterleave]
    Task<string[]> GetWantedJobsAsync();
}
