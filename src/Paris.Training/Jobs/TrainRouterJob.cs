using Paris.Core.Jobs;
using Paris.Training.Trainers;

namespace Paris.Training.Jobs;

/// <summary>
/// Trains the router on all clusters. Output: <c>model</c>; metrics: those of <c>RouterTask.Measure</c> with the averaged weights.
/// </summary>
public sealed class TrainRouterJob : IJob
{
    public void Run(JobContext context)
    {
        var (samples, _) = PartitionReading.All(context);
        var spec = context.Spec.Router;
        using var task = new RouterTask(spec, samples, context.Spec.Seed, context.Spec.Clustering.Clusters);
        using var loop = new TrainingLoop(context, task, spec.Training);
        var outcome = loop.Run();
        var model = TrainedModel.Upload(context, loop, task, outcome);
        var metrics = new Dictionary<string, double>();
        loop.Parameters.WithAverage(() => metrics = task.Measure());
        foreach (var (name, value) in metrics)
        {
            context.Reporter.Metric(name, value, outcome.Record.Step);
        }

        TrainedModel.Commit(context, loop, outcome, new Dictionary<string, BlobEntry> { ["model"] = model }, metrics);
    }
}
