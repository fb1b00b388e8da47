using Paris.Training.Data;
using Paris.Training.Diffusion;

namespace Paris.Training.Trainers;

/// <summary>Images and their classes in keyed order, for autoencoder and classifier.</summary>
public sealed class ImageSource : IBatchSource
{
    private readonly SampleSet _samples;
    private readonly SampleSequence _order;
    private readonly DiffusionStreams _streams;
    private readonly IReadOnlyList<int>? _noiseShape;

    /// <param name="samples">Pixels.</param>
    /// <param name="streams">Random streams of the trainer.</param>
    /// <param name="batchSize">B.</param>
    /// <param name="noiseShape">Shape of the normals that come with every image, as the batch's target; null for none.</param>
    public ImageSource(SampleSet samples, DiffusionStreams streams, int batchSize, IReadOnlyList<int>? noiseShape = null)
    {
        _samples = samples;
        _streams = streams;
        _noiseShape = noiseShape;
        _order = new SampleSequence(streams.Order, samples.Count);
        BatchSize = batchSize;
    }

    public int BatchSize { get; }

    public TrainingBatch Allocate() => new(BatchSize, _samples.Shape, _noiseShape);

    public void Fill(long step, TrainingBatch batch)
    {
        for (var i = 0; i < BatchSize; i++)
        {
            var sample = (int)_order[(step * BatchSize) + i];
            _samples.CopyTo(sample, batch.InputOf(i));
            batch.LabelSpan[i] = _samples.Labels[sample];
            if (_noiseShape is not null)
            {
                _streams.Noise.AtStep(step).ForSample(i).FillNormal(batch.TargetOf(i));
            }
        }
    }
}
