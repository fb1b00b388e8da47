using Paris.Core.Jobs;
using Paris.Core.Specs;

namespace Paris.Core.Scheduling;

/// <summary>One job of a run: what it waits for and its place among the others.</summary>
/// <param name="Id">The job.</param>
/// <param name="Needs">The jobs whose results it reads.</param>
/// <param name="Place">Order in the queue among the jobs of one run; smaller first.</param>
/// <param name="Total">Optimiser steps of a training job; 0 for others.</param>
/// <param name="Extra">Asked for beside the spec (samples, further strategies): the run is complete without it.</param>
public sealed record PlannedJob(JobId Id, IReadOnlyList<JobId> Needs, int Place, long Total = 0, bool Extra = false);

/// <summary>A job asked for beside the spec.</summary>
/// <param name="Id">A sample or an evaluation.</param>
/// <param name="Strategy">What it draws with: a strategy's name, or <c>expert-3</c> for one expert alone.</param>
/// <param name="Revision">The revision of the ensemble that draws.</param>
public sealed record ExtraJob(JobId Id, string Strategy, int Revision = 1);

/// <summary>What a person wants of a run.</summary>
public enum RunWish
{
    Run = 0,
    Pause = 1,
    Cancel = 2,

    /// <summary>Images to clusters, and no training yet: what <c>paris ingest</c> asks for. A run's alone, never a job's.</summary>
    Data = 3,
}

/// <summary>What is known of a job's end.</summary>
public enum JobOutcome
{
    /// <summary>Not finished.</summary>
    Open = 0,

    /// <summary>Its head names a result.</summary>
    Done = 1,

    /// <summary>It failed for good or is quarantined: whatever needs it waits in vain.</summary>
    Failed = 2,

    /// <summary>A person paused or cancelled this job alone.</summary>
    SetAside = 3,
}

/// <summary>Where a run stands, by its plan.</summary>
public enum RunStage
{
    Pending = 0,
    Running = 1,
    Paused = 2,
    Completed = 3,
    Failed = 4,
    Cancelled = 5,
}

/// <summary>What should happen now.</summary>
public sealed record RunDecision
{
    public required RunStage Stage { get; init; }

    /// <summary>What happens now, for people.</summary>
    public required string Phase { get; init; }

    /// <summary>Jobs that should run now: every input is there.</summary>
    public IReadOnlyList<PlannedJob> ShouldRun { get; init; } = [];

    /// <summary>Jobs that wait for an input.</summary>
    public IReadOnlyList<PlannedJob> Waiting { get; init; } = [];

    /// <summary>Jobs that can never run: something they need failed.</summary>
    public IReadOnlyList<PlannedJob> Stuck { get; init; } = [];
}

/// <summary>
/// The job graph of a run as a pure function of its spec, and what should run now as a pure function of what is finished. Experts,
/// router and twin have no edge between them: they start as soon as the partition exists and a slot is free.
/// </summary>
public static class RunPlan
{
    /// <summary>Every job of the spec, then those of later revisions of the ensemble, then the extra ones, in the order of the queue.</summary>
    /// <param name="spec">The run's.</param>
    /// <param name="extras">Samples and evaluations asked for beside it; those of revisions that were taken back are left out.</param>
    /// <param name="ensemble">What became of its ensemble; null: it was never changed.</param>
    public static IReadOnlyList<PlannedJob> For(RunSpec spec, IEnumerable<ExtraJob>? extras = null, EnsembleHistory? ensemble = null)
    {
        var run = spec.Name;
        var revisions = (ensemble ?? EnsembleHistory.First(spec)).Chain.ToDictionary(x => x.Revision);
        JobId Job(JobKind kind, string part = "", int revision = 1) => new(run, kind, part, revision);
        List<PlannedJob> plan = [];
        void Add(JobId id, long total, bool extra, params IEnumerable<JobId> needs) => plan.Add(new PlannedJob(id, [.. needs], plan.Count, total, extra));

        if (spec.Import is not null)
        {
            // Everything is there; what is drawn is asked for beside it.
            foreach (var model in revisions[1].Models(run))
            {
                Add(model, 0, false);
            }

            foreach (var extra in (extras ?? []).DistinctBy(x => x.Id))
            {
                Add(extra.Id, 0, true, revisions[1].Models(run));
            }

            return plan;
        }

        // Where the data jobs are cut, the parts wait for the inputs and the job that joins them for the parts.
        void AddData(JobId whole, params IEnumerable<JobId> needs)
        {
            var parts = DataParts.Jobs(spec, whole.Kind);
            foreach (var part in parts)
            {
                Add(part, 0, false, needs);
            }

            Add(whole, 0, false, parts.Count > 0 ? parts : needs);
        }

        var ingest = Job(JobKind.Ingest);
        var images = ingest;
        AddData(ingest);

        // The longest chain first: autoencoder and encoding, beside features and clusters.
        if (spec.Autoencoder is { } autoencoder)
        {
            // One that comes trained is only taken into the store.
            Add(Job(JobKind.TrainAutoencoder), autoencoder.Weights is null ? autoencoder.Training.Steps : 0, false, ingest);
        }

        AddData(Job(JobKind.Extract), ingest);
        Add(Job(JobKind.Assign), 0, false, Job(JobKind.Extract));
        if (spec.NeedsEncoding())
        {
            images = Job(JobKind.Encode);
            AddData(images, spec.Autoencoder is null ? [ingest] : [ingest, Job(JobKind.TrainAutoencoder)]);
        }

        var partition = Job(JobKind.Partition);
        Add(partition, 0, false, Job(JobKind.Assign), images);

        foreach (var expert in revisions[1].Members)
        {
            Add(expert.Job(run), spec.Expert.Training.Steps, false, partition);
        }

        Add(Job(JobKind.TrainRouter), spec.Router.Training.Steps, false, partition);
        var classifier = Job(JobKind.TrainClassifier);
        var twin = Job(JobKind.TrainTwin);
        if (spec.Twin)
        {
            Add(twin, spec.Expert.Training.Steps, false, partition);
        }

        ExtraJob[] extraJobs = [.. (extras ?? []).Where(x => revisions.ContainsKey(x.Revision))];
        var strategies = Strategies(spec);
        if (strategies.Count > 0 || extraJobs.Any(x => x.Id.Kind == JobKind.Evaluate))
        {
            Add(classifier, 0, strategies.Count == 0, ingest);
        }

        // One expert alone can be looked at while the others still train.
        IEnumerable<JobId> Models(string strategy, int revision) => strategy == StrategyNames.Twin ? [twin]
            : revisions[revision].Members.FirstOrDefault(x => strategy == $"expert-{x.Expert}") is { } alone ? [alone.Job(run)]
            : revisions[revision].Models(run);
        void Evaluate(int revision)
        {
            foreach (var strategy in strategies.Where(x => revision == 1 || x != StrategyNames.Twin))
            {
                Add(Job(JobKind.Evaluate, strategy, revision), 0, false, [.. Models(strategy, revision), classifier]);
            }
        }

        Evaluate(1);
        foreach (var revision in revisions.Values.Where(x => x.Revision > 1))
        {
            AddRevision(spec, revision, revisions[revision.Base], plan);
            Evaluate(revision.Revision);
        }

        foreach (var extra in extraJobs.DistinctBy(x => x.Id).Where(x => !plan.Exists(p => p.Id == x.Id)))
        {
            var models = Models(extra.Strategy, extra.Revision);
            Add(extra.Id, 0, true, extra.Id.Kind == JobKind.Evaluate ? [.. models, classifier] : models);
        }

        return plan;
    }

    /// <summary>What a change of the ensemble needs: its data, one expert at most, and the router's refit.</summary>
    private static void AddRevision(RunSpec spec, EnsembleRevision revision, EnsembleRevision before, List<PlannedJob> plan)
    {
        var run = spec.Name;
        var number = revision.Revision;
        var change = revision.Change!;
        void Add(JobId id, long total, params IEnumerable<JobId> needs) => plan.Add(new PlannedJob(id, [.. needs], plan.Count, total));

        List<JobId> inputs = [new(run, JobKind.Partition, Revision: before.Partition)];
        if (change.Images is not null)
        {
            JobId images = new(run, JobKind.Ingest, Revision: number);
            Add(images, 0);
            if (spec.NeedsEncoding())
            {
                JobId latents = new(run, JobKind.Encode, Revision: number);

                // New captions are read by the encoder that the first ones made.
                List<JobId> needs = [images];
                needs.AddRange(spec.Autoencoder is null ? [] : [new JobId(run, JobKind.TrainAutoencoder)]);
                needs.AddRange(spec.Text is null ? [] : [new JobId(run, JobKind.Encode)]);
                Add(latents, 0, needs);
                images = latents;
            }

            inputs.Add(images);
        }
        else if (change.Split is { } split)
        {
            // The cluster's features; those of images that came later are computed when they are first split.
            JobId features = new(run, JobKind.Extract, Revision: before.Member(split).Source);
            if (!plan.Exists(x => x.Id == features))
            {
                Add(features, 0, new JobId(run, JobKind.Ingest, Revision: features.Revision));
            }

            inputs.Add(features);
        }

        JobId partition = new(run, JobKind.Partition, Revision: revision.Partition);
        if (revision.Partition == number)
        {
            Add(partition, 0, inputs);
        }

        if (revision.Trained is { } trained)
        {
            Add(trained.Job(run), change.Steps ?? spec.Expert.Training.Steps, partition);
        }

        if (revision.Router == number)
        {
            Add(new JobId(run, JobKind.TrainRouter, Revision: number), change.RouterSteps ?? spec.Router.Training.Steps, partition, new JobId(run, JobKind.TrainRouter, Revision: before.Router));
        }
    }

    /// <summary>The strategies that the spec compares; the twin's row comes with the twin.</summary>
    public static IReadOnlyList<string> Strategies(RunSpec spec) =>
        spec.Twin && spec.Evaluation.Strategies.Count > 0 && !spec.Evaluation.Strategies.Contains(StrategyNames.Twin)
            ? [.. spec.Evaluation.Strategies, StrategyNames.Twin]
            : spec.Evaluation.Strategies;

    /// <summary>The kinds whose results are the data of a training: images, features, clusters, latents, and the autoencoder that makes these.</summary>
    public static bool IsData(JobKind kind) => kind is JobKind.Ingest or JobKind.TrainAutoencoder or JobKind.Extract or JobKind.Assign or JobKind.Encode or JobKind.Partition;

    /// <summary>Whether a run that is wished so takes jobs of a kind into account: all, or those that make data.</summary>
    public static bool Wants(RunWish wish, JobKind kind) => wish != RunWish.Data || IsData(kind);

    /// <summary>What should happen now.</summary>
    /// <param name="plan">From <see cref="For"/>.</param>
    /// <param name="outcomes">What is known; a job that is missing is open.</param>
    /// <param name="wish">What a person wants.</param>
    public static RunDecision Decide(IReadOnlyList<PlannedJob> plan, IReadOnlyDictionary<JobId, JobOutcome> outcomes, RunWish wish)
    {
        JobOutcome Of(JobId id) => outcomes.GetValueOrDefault(id);
        var complete = plan.Where(x => !x.Extra).All(x => Of(x.Id) == JobOutcome.Done);
        if (wish == RunWish.Cancel && !complete)
        {
            return new RunDecision { Stage = RunStage.Cancelled, Phase = "cancelled" };
        }

        List<PlannedJob> ready = [], waiting = [], stuck = [];
        HashSet<JobId> hopeless = [];
        foreach (var job in plan)
        {
            var outcome = Of(job.Id);
            if (outcome == JobOutcome.Done)
            {
                continue;
            }

            if (outcome == JobOutcome.Failed || job.Needs.Any(hopeless.Contains))
            {
                // The plan is in topological order, so what a job needs was looked at before it.
                hopeless.Add(job.Id);
                if (outcome != JobOutcome.Failed)
                {
                    stuck.Add(job);
                }
            }
            else if (outcome == JobOutcome.Open && Wants(wish, job.Id.Kind) && job.Needs.All(x => Of(x) == JobOutcome.Done))
            {
                ready.Add(job);
            }
            else
            {
                waiting.Add(job);
            }
        }

        bool Counts(PlannedJob job) => !job.Extra && Wants(wish, job.Id.Kind);
        var open = ready.Concat(waiting).Any(Counts);

        // With the data there, the run waits for a person as if it were paused.
        var paused = wish == RunWish.Pause || (wish == RunWish.Data && plan.Where(Counts).All(x => Of(x.Id) == JobOutcome.Done));
        var stage = complete ? RunStage.Completed
            : paused ? RunStage.Paused
            : !open ? RunStage.Failed
            : RunStage.Running;
        return new RunDecision
        {
            Stage = stage,
            Phase = stage switch
            {
                RunStage.Completed => "complete",
                RunStage.Paused => wish == RunWish.Data ? $"data ready; 'paris resume {plan[0].Id.Run}' trains" : "paused",
                RunStage.Failed => "failed",
                _ => Describe(plan, ready, Of),
            },
            ShouldRun = paused ? [] : ready,
            Waiting = paused ? [.. ready, .. waiting] : waiting,
            Stuck = stuck,
        };
    }

    private static string Describe(IReadOnlyList<PlannedJob> plan, List<PlannedJob> ready, Func<JobId, JobOutcome> of)
    {
        string Parts(JobKind kind) => plan.Count(x => x.Id.Kind == kind && x.Id.DataPart is not null) is > 0 and var all
            ? $" ({plan.Count(x => x.Id.Kind == kind && x.Id.DataPart is not null && of(x.Id) == JobOutcome.Done)} of {all} parts done)"
            : "";
        string Count(JobKind kind) => $"{plan.Count(x => x.Id.Kind == kind && of(x.Id) == JobOutcome.Done)} of {plan.Count(x => x.Id.Kind == kind)} done";
        var parts = ready.Select(x => x.Id.Kind).Distinct().OrderBy(x => x).Select(kind => kind switch
        {
            JobKind.Ingest => "reading the images" + Parts(kind),
            JobKind.TrainAutoencoder => "training the autoencoder",
            JobKind.TrainClassifier => "training the classifier",
            JobKind.Extract => "extracting features" + Parts(kind),
            JobKind.Assign => "clustering",
            JobKind.Encode => "encoding the images" + Parts(kind),
            JobKind.Partition => "partitioning",
            JobKind.TrainExpert => $"training the experts ({Count(kind)})",
            JobKind.TrainRouter => "training the router",
            JobKind.TrainTwin => "training the twin",
            JobKind.Sample => "sampling",
            JobKind.Evaluate => $"evaluating ({Count(kind)})",
            _ => kind.ToString(),
        });
        return string.Join(", ", parts) is { Length: > 0 } text ? text : "waiting";
    }
}
