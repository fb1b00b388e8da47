using Paris.Core;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Diffusion;
using Paris.Training.Optimization;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>Trains an expert, or the twin: mean squared error of the velocity (or of the noise, as its objective says) on its samples.</summary>
public sealed class ExpertTask : TrainingTask
{
    private readonly DiTExpert _model;
    private readonly ExpertPreview? _preview;

    /// <param name="spec">Model and optimiser.</param>
    /// <param name="samples">The cluster's samples; the twin's are all.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="expert">The expert's number; <see cref="PhiloxKey.NoExpert"/> is the twin.</param>
    /// <param name="classes">Classes in the data.</param>
    /// <param name="codec">Turns latents into pictures for previews; null makes none.</param>
    /// <exception cref="ParisInputException">The model needs text or classes that the data lack.</exception>
    public ExpertTask(TrainerSpec spec, SampleSet samples, ulong seed, int expert, int classes, LatentCodec? codec)
    {
        var text = spec.Model.Condition == "text";
        if (text && samples.Text is null)
        {
            throw new ParisInputException("expert.model.condition is 'text', but the shards hold no encoded captions; the spec needs a section 'text'.");
        }

        if (text && samples.Text!.Dimension != spec.Model.TextDim)
        {
            throw new ParisInputException($"expert.model.textDim is {spec.Model.TextDim}, but the captions are encoded as {samples.Text}; they must be equal.");
        }

        if (spec.Model.Condition == "class" && classes == 0)
        {
            throw new ParisInputException("expert.model.condition is 'class', but the data have no classes; use none.");
        }

        var streams = DiffusionStreams.ForExpert(seed, expert);
        Batches = new FlowMatchingSource(
            samples,
            streams,
            spec.Training.Batch,
            new TimeLaw(spec.Training.HighNoiseShare),
            BatchLabels.Class,
            classes,
            spec.Model.Condition == "none" ? 0 : spec.Model.ConditionDropout,
            spec.LearnsNoise(expert),
            text ? BatchText.Sequence : BatchText.None);
        _model = new DiTExpert(DiTShape.From(spec.Model, samples.Channels, samples.Height, classes));
        WeightInitialization.Apply(_model, seed, expert);
        if (codec is not null)
        {
            _preview = new ExpertPreview(_model, codec, new PhiloxKey(seed, RandomPurpose.Preview, expert), spec.LearnsNoise(expert), text ? samples : null);
        }
    }

    /// <summary>Where <c>init</c> is read from; null: there is none to be read.</summary>
    public Func<DiTExpert, string?>? Start { get; init; }

    public override string? LoadStart() => Start?.Invoke(_model);

    public override nn.Module Module => _model;

    public override IBatchSource Batches { get; }

    public override Tensor Loss(BatchView batch)
    {
        var condition = _model.Shape.Condition == ConditionKind.Class ? batch.Labels : batch.Condition;
        return nn.functional.mse_loss(_model.call(batch.Input, batch.Time, condition), batch.Target!);
    }

    public override byte[]? Preview(FlatParameters parameters)
    {
        byte[]? png = null;
        parameters.WithAverage(() => png = _preview?.Draw());
        return png;
    }
}
