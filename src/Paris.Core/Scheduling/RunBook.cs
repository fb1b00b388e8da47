using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.Core.Scheduling;

/// <summary>
/// What a run keeps in mind between its turns: the plan, how each job ended, whom it has asked to run and whom it has told to stop.
/// <see cref="RunPlan"/> decides what should happen; this decides which of it has yet to be said.
/// </summary>
public sealed class RunBook(TimeProvider time)
{
    /// <summary>A job that was told to run is asked again after this long, should its last word have been lost; in a large run later.</summary>
    public static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);

    /// <summary>Jobs that are asked again a second, at most.</summary>
    private const double MostAskedAgain = 20;

    /// <summary>A job that could not be reached is asked again after this long.</summary>
    public static readonly TimeSpan ReachAgain = TimeSpan.FromSeconds(1);

    private readonly Dictionary<JobId, JobOutcome> _outcomes = [];
    private readonly Dictionary<JobId, (long At, TimeSpan Wait)> _asked = [];
    private readonly HashSet<JobId> _stopped = [];

    /// <summary>From <see cref="RunPlan.For"/>.</summary>
    public IReadOnlyList<PlannedJob> Plan { get; set; } = [];

    /// <summary>What a person wants of the run.</summary>
    public RunWish Wish { get; set; }

    /// <summary>Neither paused nor cancelled: a job that was set aside alone goes on.</summary>
    public bool GoesOn => Wish is RunWish.Run or RunWish.Data;

    /// <summary>Every job whose result is data of the training is done.</summary>
    public bool DataIsThere => Plan.Where(x => RunPlan.IsData(x.Id.Kind)).All(x => Of(x.Id) == JobOutcome.Done);

    /// <summary>What is known; a job that is missing is open.</summary>
    public IReadOnlyDictionary<JobId, JobOutcome> Outcomes => _outcomes;

    /// <summary>What is known of one job.</summary>
    public JobOutcome Of(JobId job) => _outcomes.GetValueOrDefault(job);

    /// <summary>As of the last <see cref="Decide"/>.</summary>
    public RunDecision Decision { get; private set; } = new() { Stage = RunStage.Pending, Phase = "" };

    /// <summary>Something is still to be done, so the supervisor goes on looking after the run.</summary>
    public bool Active => Decision.ShouldRun.Count > 0 || Decision.Stage == RunStage.Running || ToStop.Any();

    /// <summary>The jobs that may have a worker although the run is paused or cancelled, and have not been told yet.</summary>
    public IEnumerable<PlannedJob> ToStop => GoesOn
        ? []
        : RunPlan.Decide(Plan, _outcomes, RunWish.Run).ShouldRun.Where(x => !_stopped.Contains(x.Id));

    /// <summary>What the store knows of a job's end, and its record.</summary>
    public static async Task<(JobOutcome Outcome, JobRecord? Record)> ReadOutcomeAsync(IBlobStore store, JobId job)
    {
        if (await JobFence.ReadHeadAsync(store, job) is { Result: not null })
        {
            return (JobOutcome.Done, null);
        }

        var (record, _) = await JsonBlobs.ReadAsync<JobRecord>(store, JobRecord.BlobName(job));
        return (record switch
        {
            { Failure: not null } => JobOutcome.Failed,
            { Wish: not RunWish.Run } => JobOutcome.SetAside,
            _ => JobOutcome.Open,
        }, record);
    }

    /// <summary>A job told, or the store tells, where it stands.</summary>
    public void Learn(JobId job, JobOutcome outcome) => _outcomes[job] = outcome;

    /// <summary>Decides anew what should happen.</summary>
    public RunDecision Decide() => Decision = RunPlan.Decide(Plan, _outcomes, Wish);

    /// <summary>Decides anew, and names the jobs to be ordered now, in the order of the plan: those that should run and were not asked lately.</summary>
    /// <param name="turn">The jobs named before in this turn, which are not named again in it however long it takes; gains those named now.</param>
    public IReadOnlyList<PlannedJob> Ask(ISet<JobId>? turn = null)
    {
        Decide();
        var now = time.GetTimestamp();
        var setAside = GoesOn ? Decision.Waiting.Where(x => _outcomes.GetValueOrDefault(x.Id) == JobOutcome.SetAside && RunPlan.Wants(Wish, x.Id.Kind)) : [];
        PlannedJob[] ask = [.. Decision.ShouldRun.Concat(setAside)
            .Where(x => !_asked.TryGetValue(x.Id, out var asked) || time.GetElapsedTime(asked.At, now) >= asked.Wait)
            .Where(x => turn?.Add(x.Id) ?? true)];
        var wait = TimeSpan.FromSeconds(Math.Max(AskAgain.TotalSeconds, Plan.Count / MostAskedAgain));
        foreach (var job in ask)
        {
            _asked[job.Id] = (now, wait);
        }

        return ask;
    }

    /// <summary>A job could not be reached; its silo may be going away.</summary>
    public void NotReached(JobId job) => _asked[job] = (time.GetTimestamp(), ReachAgain);

    /// <summary>A job was told to stop.</summary>
    public void Stopped(JobId job) => _stopped.Add(job);

    /// <summary>A person wants something else: jobs that were told to stop are to be told again.</summary>
    public void StopAnew() => _stopped.Clear();

    /// <summary>The run goes on: whoever was asked or told before is to be asked again.</summary>
    public void AskAnew()
    {
        _asked.Clear();
        _stopped.Clear();
    }
}
