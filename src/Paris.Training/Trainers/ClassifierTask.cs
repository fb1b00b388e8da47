using System.Runtime.InteropServices;
using Paris.Core.Random;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Diffusion;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>Trains the evaluation's classifier by cross-entropy.</summary>
public sealed class ClassifierTask : TrainingTask
{
    private const int InitializationPlace = 60_002;
    private const int Batch = 256;

    private readonly Classifier _model;

    /// <param name="images">Pixels with classes.</param>
    /// <param name="seed">Fixed by the data, not by the run: the classifier is trained once a data set.</param>
    /// <param name="classes">Classes.</param>
    /// <param name="batchSize">B.</param>
    public ClassifierTask(SampleSet images, ulong seed, int classes, int batchSize)
    {
        Batches = new ImageSource(images, DiffusionStreams.ForPurpose(seed, RandomPurpose.Classifier), batchSize);
        _model = new Classifier(images.Channels, images.Height, classes);
        WeightInitialization.Apply(_model, seed, InitializationPlace);
    }

    public override nn.Module Module => _model;

    public override IBatchSource Batches { get; }

    public override Tensor Loss(BatchView batch) => nn.functional.cross_entropy(_model.call(batch.Input), batch.Labels);

    /// <summary>Features [N, 64] of chosen images, and how many of them are classified rightly.</summary>
    /// <param name="images">Pixels.</param>
    /// <param name="indices">Which of them; N.</param>
    /// <param name="onBatch">Called after every batch with the images done.</param>
    public (float[] Features, double Accuracy) Extract(SampleSet images, IReadOnlyList<int> indices, Action<int>? onBatch = null)
    {
        var features = new float[indices.Count * Classifier.FeatureCount];
        var right = 0;
        using var noGradient = no_grad();
        for (var first = 0; first < indices.Count; first += Batch)
        {
            using var scope = NewDisposeScope();
            var n = Math.Min(Batch, indices.Count - first);
            var input = empty([n, images.Channels, images.Height, images.Width], ScalarType.Float32);
            var values = MemoryMarshal.Cast<byte, float>(input.bytes);
            for (var i = 0; i < n; i++)
            {
                images.CopyTo(indices[first + i], values.Slice(i * images.SampleSize, images.SampleSize));
            }

            var output = _model.Features(input);
            MemoryMarshal.Cast<byte, float>(output.contiguous().bytes).CopyTo(features.AsSpan(first * Classifier.FeatureCount));
            var classes = _model.Logits(output).argmax(1).data<long>().ToArray();
            right += classes.Where((label, i) => label == images.Labels[indices[first + i]]).Count();
            onBatch?.Invoke(first + n);
        }

        return (features, (double)right / Math.Max(1, indices.Count));
    }
}
