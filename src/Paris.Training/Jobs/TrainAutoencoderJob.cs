using Paris.Core;
using Paris.Core.Jobs;
using Paris.Training.Data;
using Paris.Training.Trainers;

namespace Paris.Training.Jobs;

/// <summary>
/// Trains the run's shared autoencoder on its images. Output: <c>model</c>, whose metadata carry the latents' scale
/// (<see cref="LatentScale"/>); metric: <c>psnr</c> of reconstructions, dB.
/// </summary>
public sealed class TrainAutoencoderJob : IJob
{
    /// <exception cref="ParisInputException">The spec has no autoencoder, or the images cannot be halved twice.</exception>
    public void Run(JobContext context)
    {
        var spec = context.Spec.Autoencoder
            ?? throw new ParisInputException("There is no autoencoder to train: the spec has no 'autoencoder', so the run works on pixels.");
        var images = JobContext.Await(SampleSet.LoadAsync(context.Store, context.Require(JobKind.Ingest).Outputs["manifest"]));
        using var task = new AutoencoderTask(spec, images, context.Spec.Seed);
        using var loop = new TrainingLoop(context, task, spec.Training);
        var outcome = loop.Run();

        var metadata = new Dictionary<string, string>();
        var psnr = 0.0;
        loop.Parameters.WithAverage(() =>
        {
            (var scale, psnr) = task.Measure();
            scale.AddTo(metadata);
        });
        context.Reporter.Metric("psnr", psnr, outcome.Record.Step);
        var model = TrainedModel.Upload(context, loop, task, outcome, metadata);
        TrainedModel.Commit(
            context,
            loop,
            outcome,
            new Dictionary<string, BlobEntry> { ["model"] = model },
            new Dictionary<string, double> { ["psnr"] = psnr },
            metadata);
    }
}
