using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Training.Trainers;

namespace Paris.Training.Jobs;

/// <summary>
/// Trains the router on all clusters; in a later revision of the ensemble refits the router before, its head or the whole. Output:
/// <c>model</c>; metrics: those of <c>RouterTask.Measure</c> with the averaged weights.
/// </summary>
public sealed class TrainRouterJob : IJob
{
    public void Run(JobContext context)
    {
        var (samples, _) = PartitionReading.All(context);
        var spec = context.Spec.Router;
        var change = context.Ensemble.Change;
        if (change?.RouterSteps is { } steps)
        {
            spec = spec with { Training = spec.Training with { Steps = steps } };
        }

        using var before = change is null ? null : OpenBefore(context);
        var start = before is null ? null : new RouterStart(before, Rows(context));
        using var task = new RouterTask(spec, samples, context.Seed, context.Ensemble.Members.Count, start, headOnly: change?.Router == RouterRefit.Head)
        {
            // A refit starts from the router before it.
            Start = change is null ? model => InitialWeights.LoadRouter(context, model, spec) : null,
        };
        using var loop = new TrainingLoop(context, task, spec.Training);
        var outcome = loop.Run();
        var file = TrainedModel.Upload(context, loop, task, outcome);
        var metrics = new Dictionary<string, double>();
        loop.Parameters.WithAverage(() => metrics = task.Measure());
        foreach (var (name, value) in metrics)
        {
            context.Reporter.Metric(name, value, outcome.Record.Step);
        }

        TrainedModel.Commit(context, loop, outcome, new Dictionary<string, BlobEntry> { ["model"] = file }, metrics);
    }

    private static SafetensorsFile OpenBefore(JobContext context)
    {
        var router = context.EnsembleOf(context.Ensemble.Base).Router;
        return context.OpenTensors(context.Require(JobKind.TrainRouter, revision: router).Outputs["model"]);
    }

    /// <summary>What the outputs start from.</summary>
    private static RouterRow[] Rows(JobContext context)
    {
        var before = context.EnsembleOf(context.Ensemble.Base);
        var change = context.Ensemble.Change!;
        var sizes = PartitionReading.Sizes(context, context.Ensemble);
        var former = PartitionReading.Sizes(context, before);
        return
        [
            .. context.Ensemble.Members.Select((member, place) =>
            {
                // The row of its cluster, of the cluster it was split from, or none.
                var origin = member.Since == context.Job.Revision && change.ChangesClusters ? change.Split : member.Expert;
                var row = origin is { } expert ? before.Members.ToList().FindIndex(x => x.Expert == expert) : -1;
                return row < 0 ? new RouterRow(null, 1) : new RouterRow(row, sizes[place] / former[row]);
            }),
        ];
    }
}
