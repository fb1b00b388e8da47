using System.Globalization;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Models;
using Paris.Models.Autoencoders;
using Paris.Training.Data;
using Paris.Training.Trainers;

namespace Paris.Training.Jobs;

/// <summary>
/// Trains the run's shared autoencoder on its images. Output: <c>model</c>, whose metadata carry the latents' scale
/// (<see cref="LatentScale"/>); metric: <c>psnr</c> of reconstructions, dB. Where the spec names <c>autoencoder.weights</c>, those are checked and
/// copied into the store instead; outputs: <c>model</c> as it was published, and its <c>config</c>.
/// </summary>
public sealed class TrainAutoencoderJob : IJob
{
    /// <exception cref="ParisInputException">The spec has no autoencoder, the images cannot be halved twice, or the weights do not fit.</exception>
    public void Run(JobContext context)
    {
        var spec = context.Spec.Autoencoder
            ?? throw new ParisInputException("There is no autoencoder to train: the spec has no 'autoencoder', so the run works on pixels.");
        if (spec.Weights is { } weights)
        {
            Take(context, SourcePath.Resolve(weights, "autoencoder.weights", context.SourceRoots));
            return;
        }

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

    /// <summary>Checks published weights by loading them, and keeps a copy: later jobs read the store alone.</summary>
    private static void Take(JobContext context, string path)
    {
        context.Reporter.Ready(0, 0);
        var published = Directory.Exists(path) ? ImportedFiles.WeightsIn(path) : path;
        var configuration = Path.Combine(Path.GetDirectoryName(published)!, "config.json");
        var config = ModelConfig.Beside(published);
        using var weights = WeightsOnDisk.Open(published);
        AutoencoderKLShape shape;
        long parameters;
        using (var file = SafetensorsFile.Open(weights.Path))
        using (var autoencoder = AutoencoderKL.Load(file, config))
        {
            shape = autoencoder.Shape;
            parameters = autoencoder.parameters().Sum(p => p.numel());
        }

        LatentCodec.Check(shape, published, context.Spec.Autoencoder!, context.Spec.Data);
        context.ThrowIfStopRequested();
        var outputs = new Dictionary<string, BlobEntry>();
        using (var stream = File.OpenRead(weights.Path))
        {
            outputs["model"] = JobContext.Await(context.Fence.PutOutputAsync("model.safetensors", stream));
        }

        if (File.Exists(configuration))
        {
            outputs[LatentCodec.ConfigRole] = JobContext.Await(context.Fence.PutOutputAsync("config.json", File.ReadAllBytes(configuration)));
        }

        JobContext.Await(context.Fence.CommitResultAsync(new JobResult
        {
            Job = context.Job,
            Outputs = outputs,
            Metrics = new Dictionary<string, double> { ["parameters"] = parameters },
            Facts = new Dictionary<string, string>
            {
                ["weights"] = Path.GetFileName(published),
                ["weights-sha256"] = outputs["model"].Sha256,
                ["scaling-factor"] = shape.ScalingFactor.ToString(CultureInfo.InvariantCulture),
            },
        }));
    }
}
