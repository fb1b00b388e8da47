using Paris.Core;
using Paris.Training.Data;
using Paris.Training.Diffusion;

namespace Paris.Training.Trainers;

/// <summary>What the labels of a noised batch are.</summary>
public enum BatchLabels
{
    /// <summary>Class of the image, or <see cref="FlowMatchingSource.NullClass"/> where the condition is dropped.</summary>
    Class,

    /// <summary>Cluster of the image: what a router learns.</summary>
    Cluster,
}

/// <summary>What of the encoded captions goes into a batch.</summary>
public enum BatchText
{
    None,

    /// <summary>[T, D] a sample: what experts read.</summary>
    Sequence,

    /// <summary>[P] a sample: what a router with pooled text reads.</summary>
    Pooled,
}

/// <summary>
/// Noised samples for experts, twin and router: x_t, v and 1000·t from (seed, expert, step, place in the batch) alone. For an expert that
/// learns the noise: x on the cosine schedule, ε and the schedule's step. With text, a dropped caption is that of the empty string.
/// </summary>
public sealed class FlowMatchingSource : IBatchSource
{
    private readonly SampleSet _samples;
    private readonly DiffusionStreams _streams;
    private readonly SampleSequence _order;
    private readonly TimeLaw _timeLaw;
    private readonly BatchLabels _labels;
    private readonly double _dropout;
    private readonly bool _learnsNoise;
    private readonly BatchText _text;
    private readonly float[] _x0;

    /// <param name="samples">The data: latents, or pixels as x = px/127.5 − 1.</param>
    /// <param name="streams">Random streams of the trainer.</param>
    /// <param name="batchSize">B.</param>
    /// <param name="timeLaw">How t is drawn.</param>
    /// <param name="labels">What the labels are.</param>
    /// <param name="nullClass">The label of a dropped condition: the number of classes.</param>
    /// <param name="conditionDropout">Share of samples whose condition is dropped.</param>
    /// <param name="learnsNoise">The target is ε on the cosine schedule, not the velocity of the linear path.</param>
    /// <param name="text">What of the captions a batch carries.</param>
    /// <exception cref="ParisInputException">There are no samples, or no clusters or captions where they are needed.</exception>
    public FlowMatchingSource(
        SampleSet samples,
        DiffusionStreams streams,
        int batchSize,
        TimeLaw timeLaw,
        BatchLabels labels,
        int nullClass = 0,
        double conditionDropout = 0,
        bool learnsNoise = false,
        BatchText text = BatchText.None)
    {
        if (labels == BatchLabels.Cluster && samples.Clusters is null)
        {
            throw new ParisInputException("The samples carry no clusters; a router trains on the shards of a partition.");
        }

        if (text != BatchText.None && samples.Text is null)
        {
            throw new ParisInputException("The model is conditioned on text, but the shards hold no encoded captions; the spec needs a section 'text'.");
        }

        _samples = samples;
        _text = text;
        _streams = streams;
        _order = new SampleSequence(streams.Order, samples.Count);
        _timeLaw = timeLaw;
        _labels = labels;
        _dropout = conditionDropout;
        _learnsNoise = learnsNoise;
        NullClass = nullClass;
        BatchSize = batchSize;
        _x0 = new float[samples.SampleSize];
    }

    public int BatchSize { get; }

    /// <summary>The label of a dropped condition.</summary>
    public int NullClass { get; }

    public TrainingBatch Allocate() => new(
        BatchSize,
        _samples.Shape,
        _labels == BatchLabels.Class ? _samples.Shape : null,
        _text switch
        {
            BatchText.Sequence => [_samples.Text!.Tokens, _samples.Text.Dimension],
            BatchText.Pooled => [_samples.Text!.Pooled],
            _ => null,
        });

    public void Fill(long step, TrainingBatch batch)
    {
        Span<float> draws = stackalloc float[2];
        Span<float> noise = _labels == BatchLabels.Class ? default : new float[_samples.SampleSize];
        for (var i = 0; i < BatchSize; i++)
        {
            var sample = (int)_order[(step * BatchSize) + i];
            _samples.CopyTo(sample, _x0);
            _streams.Time.AtStep(step).ForSample(i).FillUniform(draws);
            var t = _timeLaw.Draw(draws[0], draws[1]);
            var epsilon = _labels == BatchLabels.Class ? batch.TargetOf(i) : noise;
            _streams.Noise.AtStep(step).ForSample(i).FillNormal(epsilon);
            if (_learnsNoise)
            {
                var scheduled = Math.Min((int)(t * CosineSchedule.Steps), CosineSchedule.Steps - 1);
                CosineSchedule.Noise(_x0, epsilon, scheduled, batch.InputOf(i));
                batch.Times[i] = scheduled;
            }
            else
            {
                FlowMatching.Interpolate(_x0, epsilon, t, batch.InputOf(i));
                batch.Times[i] = FlowMatching.TimeScale * t;
            }

            batch.LabelSpan[i] = LabelOf(step, i, sample);
            FillText(step, i, sample, batch);
        }
    }

    private void FillText(long step, int place, int sample, TrainingBatch batch)
    {
        if (_text == BatchText.None)
        {
            return;
        }

        var condition = batch.ConditionOf(place);
        var sequence = _text == BatchText.Sequence;
        if (IsDropped(step, place))
        {
            (sequence ? _samples.NullText!.Sequence : _samples.NullText!.Pooled).CopyTo(condition);
        }
        else if (sequence)
        {
            _samples.CopySequence(sample, condition);
        }
        else
        {
            _samples.CopyPooled(sample, condition);
        }
    }

    private bool IsDropped(long step, int place) => _dropout > 0 && _streams.Dropout.AtStep(step).ForSample(place).UniformAt(0) < _dropout;

    private long LabelOf(long step, int place, int sample)
    {
        if (_labels == BatchLabels.Cluster)
        {
            return _samples.Clusters![sample];
        }

        var label = _samples.Labels[sample];
        return label < 0 || IsDropped(step, place) ? NullClass : label;
    }
}
