using Paris.Training.Data;
using Paris.Training.Diffusion;

namespace Paris.Training.Trainers;

/// <summary>Images and their classes in keyed order, for autoencoder and classifier.</summary>
public sealed class ImageSource : IBatchSource
{
    private readonly SampleSet _samples;
    private readonly SampleSequence _order;

    /// <param name="samples">Pixels.</param>
    /// <param name="streams">Random streams of the trainer.</param>
    /// <param name="batchSize">B.</param>
    public ImageSource(SampleSet samples, DiffusionStreams streams, int batchSize)
    {
        _samples = samples;
        _order = new SampleSequence(streams.Order, samples.Count);
        BatchSize = batchSize;
    }

    public int BatchSize { get; }

    public TrainingBatch Allocate() => new(BatchSize, _samples.Shape, withTarget: false);

    public void Fill(long step, TrainingBatch batch)
    {
        for (var i = 0; i < BatchSize; i++)
        {
            var sample = (int)_order[(step * BatchSize) + i];
            _samples.CopyTo(sample, batch.InputOf(i));
            batch.LabelSpan[i] = _samples.Labels[sample];
        }
    }
}
