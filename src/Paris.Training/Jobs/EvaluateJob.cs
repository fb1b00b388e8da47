using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Models;
using Paris.Training.Evaluation;
using Paris.Training.Sampling;

namespace Paris.Training.Jobs;

/// <summary>
/// Scores one strategy: draws the evaluation's images, measures the Fréchet distance of their classifier features to real ones, and
/// their class and cluster shares. Metrics: <c>frechet</c>, <c>frechet.real</c> (as many held-out real images against the same
/// reference), <c>share.class.N</c>, and those of <see cref="DrawnImageOutputs"/>.
/// </summary>
public sealed class EvaluateJob : IJob
{
    public void Run(JobContext context)
    {
        var evaluation = context.Spec.Evaluation;
        var strategy = context.Job.Part;
        context.Reporter.Ready(0, evaluation.Images);
        using var ensemble = Ensemble.Load(context, strategy, context.Ensemble);
        using var classifier = EvaluationClassifier.Load(context);
        var drawn = new ImageDrawer(context, ensemble).Draw(strategy, evaluation.Images, context.Spec.Seed, trueCluster: strategy == "oracle" && context.Job.Revision == 1 ? TrueClusters(context) : null);

        var (features, classes, classCount) = classifier.Describe(drawn.Pictures, drawn.Shape);
        var metrics = new Dictionary<string, double>
        {
            ["frechet"] = FrechetDistance.Between(features, classifier.Reference, Classifier.FeatureCount),
            ["reference"] = classifier.Reference.Length / Classifier.FeatureCount,
        };
        if (classifier.Test is { } test)
        {
            // As many real images as were drawn: the distance of a finite sample is biased upwards by its size.
            var real = Math.Min(evaluation.Images, test.Length / Classifier.FeatureCount);
            metrics["frechet.real"] = FrechetDistance.Between(test.AsSpan(0, real * Classifier.FeatureCount), classifier.Reference, Classifier.FeatureCount);
            metrics["frechet.real.images"] = real;
        }

        var shares = new double[classCount];
        foreach (var c in classes)
        {
            shares[c] += 1.0 / classes.Length;
        }

        DrawnImageOutputs.Shares(metrics, "share.class.", shares, [.. Enumerable.Range(0, classCount)]);
        context.Reporter.Metric("frechet", metrics["frechet"], evaluation.Images);
        context.Reporter.Progress(evaluation.Images, evaluation.Images, evaluation.Images / drawn.Seconds, "images");
        DrawnImageOutputs.Commit(
            context,
            drawn,
            evaluation.Grid,
            metrics,
            new Dictionary<string, string> { ["strategy"] = strategy, ["distance"] = $"Fréchet distance on {Classifier.FeatureCount} classifier features" },
            new Dictionary<string, (string, byte[])>
            {
                ["features"] = ("features.safetensors", SafetensorsWriter.ToBytes([TensorData.Of("features", features, features.Length / Classifier.FeatureCount, Classifier.FeatureCount)])),
            });
    }

    /// <summary>The clusters of real samples, in a fixed random order. Later revisions draw them from the clusters' shares.</summary>
    private static Func<int, int> TrueClusters(JobContext context)
    {
        using var file = context.OpenTensors(context.Require(JobKind.Assign).Outputs["assignment"]);
        long[] assignment = [.. file.ToArray<long>("assignment").Where(x => x >= 0)]; // near-duplicates may be in no cluster
        var order = new KeyedPermutation(new PhiloxKey(context.Spec.Seed, RandomPurpose.Evaluation), assignment.Length);
        return image => (int)assignment[order[image % assignment.Length]];
    }
}
