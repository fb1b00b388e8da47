using System.Globalization;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Training.Data;
using Paris.Training.Trainers;

namespace Paris.Training.Jobs;

/// <summary>
/// Trains expert k on cluster k, or the twin on all clusters: the expert's architecture and steps with K times its batch, so that twin
/// and ensemble see equally many samples. Output: <c>model</c> (averaged weights).
/// </summary>
public sealed class TrainExpertJob : IJob
{
    /// <exception cref="Paris.Core.ParisInputException">The spec's model does not fit the data.</exception>
    public void Run(JobContext context)
    {
        var twin = context.Job.Kind == JobKind.TrainTwin;
        var (samples, manifest) = twin ? PartitionReading.All(context) : PartitionReading.Cluster(context, context.Job.Expert);
        var spec = twin ? context.Spec.Expert : context.Spec.ExpertOf(context.Job.Expert);
        if (context.Ensemble.Change?.Steps is { } steps)
        {
            spec = spec with { Training = spec.Training with { Steps = steps } };
        }

        if (twin)
        {
            spec = spec with { Training = spec.Training with { Batch = spec.Training.Batch * context.Spec.Clustering.Clusters } };
        }

        using var codec = LatentCodec.Load(context);
        var number = twin ? PhiloxKey.NoExpert : context.Job.Expert;
        using var task = new ExpertTask(spec, samples, context.Seed, number, manifest.Classes.Count, codec)
        {
            Start = expert => InitialWeights.LoadExpert(context, expert, spec, number),
        };
        using var loop = new TrainingLoop(context, task, spec.Training);
        var outcome = loop.Run();
        var model = TrainedModel.Upload(context, loop, task, outcome, new Dictionary<string, string>
        {
            ["expert"] = twin ? "twin" : context.Job.Part,
            ["samples"] = samples.Count.ToString(CultureInfo.InvariantCulture),
        });
        TrainedModel.Commit(
            context,
            loop,
            outcome,
            new Dictionary<string, BlobEntry> { ["model"] = model },
            new Dictionary<string, double> { ["samples"] = samples.Count, ["passes"] = (double)spec.Training.Steps * spec.Training.Batch / samples.Count });
    }
}
