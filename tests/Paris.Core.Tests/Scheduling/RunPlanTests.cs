using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Xunit;

namespace Paris.Core.Tests.Scheduling;

public sealed class RunPlanTests
{
    private static readonly RunSpec _spec = new()
    {
        Name = "demo",
        Data = new DataSpec { Images = "images" },
        Autoencoder = new AutoencoderSpec(),
        Clustering = new ClusteringSpec { Clusters = 3 },
        Expert = new TrainerSpec { Model = new ModelSpec { Preset = "nano" }, Training = new OptimizationSpec { Steps = 77 } },
        Router = new TrainerSpec { Model = new ModelSpec { Preset = "nano" } },
        Evaluation = new EvaluationSpec { Strategies = ["top-1", "full"] },
    };

    [Fact]
    public void EachPhaseStartsWhenItsInputsAreThereAndNotBefore()
    {
        var done = new Dictionary<JobId, JobOutcome>();
        Assert.Equal(["ingest"], Ready(_spec, done));
        Finish(done, "ingest");
        Assert.Equal(["autoencoder", "extract", "classifier"], Ready(_spec, done));
        Finish(done, "extract");
        Assert.Equal(["autoencoder", "assign", "classifier"], Ready(_spec, done));
        Finish(done, "assign", "autoencoder");
        Assert.Equal(["encode", "classifier"], Ready(_spec, done));
        Finish(done, "encode");
        Assert.Equal(["partition", "classifier"], Ready(_spec, done));
        Finish(done, "partition");
        Assert.Equal(["expert/0", "expert/1", "expert/2", "router", "classifier"], Ready(_spec, done));
        Finish(done, "expert/0", "expert/2", "router", "classifier");
        Assert.Equal(["expert/1"], Ready(_spec, done));
        Finish(done, "expert/1");
        Assert.Equal(["evaluate/top-1", "evaluate/full"], Ready(_spec, done));
        Assert.Equal("evaluating (0 of 2 done)", RunPlan.Decide(RunPlan.For(_spec), done, RunWish.Run).Phase);
        Finish(done, "evaluate/top-1", "evaluate/full");
        var end = RunPlan.Decide(RunPlan.For(_spec), done, RunWish.Run);
        Assert.Equal((RunStage.Completed, 0), (end.Stage, end.ShouldRun.Count));
    }

    [Fact]
    public void InPixelSpaceNothingIsEncoded()
    {
        var spec = _spec with { Autoencoder = null };
        Assert.DoesNotContain(RunPlan.For(spec), x => x.Id.Kind is JobKind.TrainAutoencoder or JobKind.Encode);
        var done = new Dictionary<JobId, JobOutcome>();
        Finish(done, "ingest", "extract", "assign");
        Assert.Contains("partition", Ready(spec, done));
    }

    [Fact]
    public void TheTwinTrainsBesideTheExpertsAndIsEvaluatedAlone()
    {
        var spec = _spec with { Twin = true };
        var done = new Dictionary<JobId, JobOutcome>();
        Finish(done, "ingest", "extract", "assign", "autoencoder", "encode", "partition", "classifier");
        Assert.Contains("twin", Ready(spec, done));
        Finish(done, "twin");
        Assert.Contains("evaluate/twin", Ready(spec, done));
        Assert.DoesNotContain("evaluate/full", Ready(spec, done));
    }

    [Fact]
    public void AFailedExpertStopsOnlyWhatNeedsIt()
    {
        var done = new Dictionary<JobId, JobOutcome>();
        Finish(done, "ingest", "extract", "assign", "autoencoder", "encode", "partition", "classifier", "router", "expert/0");
        done[JobId.ForExpert("demo", 1)] = JobOutcome.Failed;
        var decision = RunPlan.Decide(RunPlan.For(_spec), done, RunWish.Run);
        Assert.Equal(RunStage.Running, decision.Stage);
        Assert.Equal(["demo/expert/2"], decision.ShouldRun.Select(x => x.Id.Key));
        Assert.Equal(["demo/evaluate/top-1", "demo/evaluate/full"], decision.Stuck.Select(x => x.Id.Key));
        Finish(done, "expert/2");
        Assert.Equal(RunStage.Failed, RunPlan.Decide(RunPlan.For(_spec), done, RunWish.Run).Stage);
    }

    [Fact]
    public void PauseAndCancelWantNothingToRun()
    {
        var plan = RunPlan.For(_spec);
        var none = new Dictionary<JobId, JobOutcome>();
        var paused = RunPlan.Decide(plan, none, RunWish.Pause);
        Assert.Equal((RunStage.Paused, 0, plan.Count), (paused.Stage, paused.ShouldRun.Count, paused.Waiting.Count));
        Assert.Equal(RunStage.Cancelled, RunPlan.Decide(plan, none, RunWish.Cancel).Stage);
    }

    [Fact]
    public void DataAloneEndsWithThePartitionAndWaitsForAPerson()
    {
        var plan = RunPlan.For(_spec);
        var done = new Dictionary<JobId, JobOutcome>();
        string[] Wanted(RunStage stage, string phase)
        {
            var decision = RunPlan.Decide(plan, done, RunWish.Data);
            Assert.Equal((stage, phase), (decision.Stage, decision.Phase));
            Assert.Equal(plan.Count(x => !done.ContainsKey(x.Id)), decision.ShouldRun.Count + decision.Waiting.Count + decision.Stuck.Count);
            return [.. decision.ShouldRun.Select(x => x.Id.Key["demo/".Length..])];
        }

        Assert.Equal(["ingest"], Wanted(RunStage.Running, "reading the images"));
        Finish(done, "ingest");
        Assert.Equal(["autoencoder", "extract"], Wanted(RunStage.Running, "training the autoencoder, extracting features")); // and not the classifier
        Finish(done, "autoencoder", "extract", "assign", "encode");
        Assert.Equal(["partition"], Wanted(RunStage.Running, "partitioning"));
        Finish(done, "partition");
        Assert.Empty(Wanted(RunStage.Paused, "data ready; 'paris resume demo' trains"));

        // Whatever else is done or goes wrong: data that cannot be made end the run.
        done.Remove(new JobId("demo", JobKind.Partition));
        done[new JobId("demo", JobKind.Assign)] = JobOutcome.Failed;
        Assert.Empty(Wanted(RunStage.Failed, "failed"));
        Assert.Equal(["classifier"], Ready(_spec, done));
    }

    [Fact]
    public void ABookOfDataAloneStopsNobodyAndAsksNoTrainingAgain()
    {
        var book = new RunBook(TimeProvider.System) { Plan = RunPlan.For(_spec), Wish = RunWish.Data };
        book.Learn(new JobId("demo", JobKind.Ingest), JobOutcome.Done);
        book.Learn(new JobId("demo", JobKind.Extract), JobOutcome.SetAside);
        book.Learn(new JobId("demo", JobKind.TrainClassifier), JobOutcome.SetAside);

        Assert.Equal(["demo/autoencoder", "demo/extract"], book.Ask().Select(x => x.Id.Key).Order());
        Assert.Empty(book.ToStop);
        Assert.True(book.Active && !book.DataIsThere);
        foreach (var job in book.Plan.Where(x => RunPlan.IsData(x.Id.Kind)))
        {
            book.Learn(job.Id, JobOutcome.Done);
        }

        book.Decide();
        Assert.True(book.DataIsThere && !book.Active);
    }

    [Fact]
    public void ExtrasRunBesideACompleteRun()
    {
        var plan = RunPlan.For(_spec, [new ExtraJob(new JobId("demo", JobKind.Sample, "s1"), "full"), new ExtraJob(new JobId("demo", JobKind.Evaluate, "sticky"), "sticky")]);
        var done = plan.Where(x => !x.Extra).ToDictionary(x => x.Id, _ => JobOutcome.Done);
        var decision = RunPlan.Decide(plan, done, RunWish.Run);
        Assert.Equal(RunStage.Completed, decision.Stage);
        Assert.Equal(["demo/sample/s1", "demo/evaluate/sticky"], decision.ShouldRun.Select(x => x.Id.Key));
    }

    [Fact]
    public void OneExpertAloneIsSampledWhileTheOthersTrain()
    {
        var plan = RunPlan.For(_spec, [new ExtraJob(new JobId("demo", JobKind.Sample, "s1"), "expert-1")]);
        var done = new Dictionary<JobId, JobOutcome>();
        Finish(done, "ingest", "extract", "assign", "autoencoder", "encode", "partition", "classifier", "expert/1");
        Assert.Contains(RunPlan.Decide(plan, done, RunWish.Run).ShouldRun, x => x.Id.Part == "s1");
    }

    [Fact]
    public void ASplitTrainsOneExpertAndRefitsTheRouterOnly()
    {
        var ensemble = After(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 1, Steps = 5, RouterSteps = 6 });
        var done = RunPlan.For(_spec).ToDictionary(x => x.Id, _ => JobOutcome.Done);
        Assert.Equal(["partition/r2"], Ready(ensemble));
        Finish(done, "partition/r2");
        Assert.Equal(["expert/3-r2", "router/r2"], Ready(ensemble));
        Finish(done, "expert/3-r2");
        Assert.Equal(["router/r2"], Ready(ensemble));
        Finish(done, "router/r2");
        Assert.Equal(["evaluate/top-1-r2", "evaluate/full-r2"], Ready(ensemble));
        Assert.Equal(RunStage.Running, RunPlan.Decide(RunPlan.For(_spec, null, ensemble), done, RunWish.Run).Stage);
        Finish(done, "evaluate/top-1-r2", "evaluate/full-r2");
        Assert.Equal(RunStage.Completed, RunPlan.Decide(RunPlan.For(_spec, null, ensemble), done, RunWish.Run).Stage);

        var plan = RunPlan.For(_spec, null, ensemble);
        Assert.Equal([5, 6], plan.Where(x => x.Id.Revision == 2 && x.Total > 0).Select(x => x.Total));
        Assert.Equal(RunPlan.For(_spec).Select(x => (x.Id, x.Place)), plan.Where(x => x.Id.Revision == 1).Select(x => (x.Id, x.Place)));

        // Taken back, nothing of it is left to do.
        Assert.DoesNotContain(RunPlan.For(_spec, null, ensemble with { State = new EnsembleState { Discarded = [2] } }), x => x.Id.Revision == 2);

        string[] Ready(EnsembleHistory history) => [.. RunPlan.Decide(RunPlan.For(_spec, null, history), done, RunWish.Run).ShouldRun.Select(x => x.Id.Key["demo/".Length..])];
    }

    [Fact]
    public void NewImagesAreReadEncodedAndPartitionedForTheirExpertAlone()
    {
        var first = After(new EnsembleChange { Change = EnsembleChangeKind.Replace, Expert = 0, Images = "more" });
        Assert.Equal(
            ["ingest/r2", "encode/r2", "partition/r2", "expert/0-r2", "router/r2", "evaluate/top-1-r2", "evaluate/full-r2"],
            Later(RunPlan.For(_spec, null, first)));

        // Their features are computed when their cluster is split.
        var second = After(first, new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 0 });
        Assert.Equal(["extract/r2", "partition/r3", "expert/3-r3", "router/r3"], Later(RunPlan.For(_spec, null, second)).Skip(7).Take(4));
        Assert.Equal(["demo/expert/0-r2", "demo/expert/1", "demo/expert/2", "demo/expert/3-r3", "demo/router/r3"], second.Current.Models("demo").Select(x => x.Key));
    }

    [Fact]
    public void ARemovalRefitsTheRouterAndAReplacementOnTheSameClusterOnlyTrains()
    {
        Assert.Equal(["router/r2", "evaluate/top-1-r2", "evaluate/full-r2"], Later(RunPlan.For(_spec, null, After(new EnsembleChange { Change = EnsembleChangeKind.Remove, Expert = 1 }))));
        Assert.Equal(["expert/1-r2", "evaluate/top-1-r2", "evaluate/full-r2"], Later(RunPlan.For(_spec, null, After(new EnsembleChange { Change = EnsembleChangeKind.Replace, Expert = 1 }))));
    }

    [Fact]
    public void ASampleWaitsForTheModelsOfItsOwnRevision()
    {
        var ensemble = After(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 1 });
        ExtraJob[] extras = [new(new JobId("demo", JobKind.Sample, "old"), "full"), new(new JobId("demo", JobKind.Sample, "new"), "full", 2)];
        var done = RunPlan.For(_spec).ToDictionary(x => x.Id, _ => JobOutcome.Done);
        var decision = RunPlan.Decide(RunPlan.For(_spec, extras, ensemble), done, RunWish.Run);
        Assert.Contains(decision.ShouldRun, x => x.Id.Part == "old");
        Assert.Contains(decision.Waiting, x => x.Id.Part == "new");
    }

    private static EnsembleHistory After(EnsembleChange change) => After(EnsembleHistory.First(_spec), change);

    private static EnsembleHistory After(EnsembleHistory history, EnsembleChange change)
    {
        var next = history.Current.With(change, history.NextNumber);
        return new EnsembleHistory { Revisions = [.. history.Revisions, next], State = new EnsembleState { Current = next.Revision } };
    }

    private static string[] Later(IReadOnlyList<PlannedJob> plan)
    {
        Assert.All(plan, x => Assert.All(x.Needs, need => Assert.Contains(plan, y => y.Id == need && y.Place < x.Place)));
        return [.. plan.Where(x => x.Id.Revision > 1).Select(x => x.Id.Key["demo/".Length..])];
    }

    [Fact]
    public void PlacesAndTotalsFollowThePlan()
    {
        var plan = RunPlan.For(_spec);
        Assert.Equal(Enumerable.Range(0, plan.Count), plan.Select(x => x.Place));
        Assert.All(plan.Where(x => x.Id.Kind == JobKind.TrainExpert), x => Assert.Equal(77, x.Total));
        Assert.All(plan, x => Assert.All(x.Needs, need => Assert.Contains(plan, y => y.Id == need && y.Place < x.Place)));
    }

    private static string[] Ready(RunSpec spec, Dictionary<JobId, JobOutcome> done) =>
        [.. RunPlan.Decide(RunPlan.For(spec), done, RunWish.Run).ShouldRun.Select(x => x.Id.Key["demo/".Length..])];

    private static void Finish(Dictionary<JobId, JobOutcome> done, params string[] jobs)
    {
        foreach (var job in jobs)
        {
            done[JobId.Parse("demo/" + job)] = JobOutcome.Done;
        }
    }
}
