using System.Runtime.InteropServices;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Models;
using Paris.Training.Jobs;
using static TorchSharp.torch;

namespace Paris.Training.Evaluation;

/// <summary>The data set's classifier as the evaluation uses it: features and classes of pictures, and the features of real ones.</summary>
public sealed class EvaluationClassifier : IDisposable
{
    private const int Batch = 256;

    private readonly Classifier _classifier;

    private EvaluationClassifier(Classifier classifier, float[] reference, float[]? test)
    {
        _classifier = classifier;
        Reference = reference;
        Test = test;
    }

    /// <summary>[n, 64] features of real training images.</summary>
    public float[] Reference { get; }

    /// <summary>[m, 64] features of real held-out images; null without any.</summary>
    public float[]? Test { get; }

    /// <summary>Loads what the classifier job left (outputs <c>model</c>, <c>features-reference</c>, <c>features-test</c>).</summary>
    public static EvaluationClassifier Load(JobContext context)
    {
        var result = context.Require(JobKind.TrainClassifier);
        using var model = context.OpenTensors(result.Outputs["model"]);
        var classes = (int)model["logits.weight"].Shape[0];
        var classifier = new Classifier(context.Spec.Data.Channels, context.Spec.Data.ImageSize, classes);
        WeightFile.Load(classifier, model);
        return new EvaluationClassifier(
            classifier,
            Features(context, result.Outputs["features-reference"]),
            result.Outputs.TryGetValue("features-test", out var test) ? Features(context, test) : null);
    }

    /// <summary>Features [N, 64] and most probable classes [N] of pictures [N, C, H, W] in −1 … 1.</summary>
    public (float[] Features, int[] Classes, int ClassCount) Describe(ReadOnlySpan<float> pictures, IReadOnlyList<int> shape)
    {
        var size = shape[0] * shape[1] * shape[2];
        var count = pictures.Length / size;
        var features = new float[count * Classifier.FeatureCount];
        var classes = new int[count];
        var classCount = 0;
        for (var first = 0; first < count; first += Batch)
        {
            var n = Math.Min(Batch, count - first);
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            var x = tensor(pictures.Slice(first * size, n * size).ToArray(), [n, shape[0], shape[1], shape[2]], dtype: ScalarType.Float32);
            var f = _classifier.Features(x).contiguous(); // [n, 64]
            var logits = _classifier.Logits(f);
            classCount = (int)logits.shape[1];
            var best = logits.argmax(1).contiguous();
            MemoryMarshal.Cast<byte, float>(f.bytes).CopyTo(features.AsSpan(first * Classifier.FeatureCount));
            var indices = MemoryMarshal.Cast<byte, long>(best.bytes);
            for (var i = 0; i < n; i++)
            {
                classes[first + i] = (int)indices[i];
            }
        }

        return (features, classes, classCount);
    }

    public void Dispose() => _classifier.Dispose();

    private static float[] Features(JobContext context, BlobEntry entry)
    {
        using var file = context.OpenTensors(entry);
        file.Require("features", TensorType.F32, -1, Classifier.FeatureCount);
        return file.ToSingles("features");
    }
}
