using System.Globalization;
using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Diffusion;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>Trains the router: cross-entropy of the cluster on noised samples of all clusters, with their pooled captions if it reads text.</summary>
public sealed class RouterTask : TrainingTask
{
    /// <summary>The noise levels at which its accuracy is told.</summary>
    public static readonly float[] Levels = [0, 0.5f, 0.7f, 0.8f, 0.9f, 0.95f, 1];

    /// <summary>Samples an accuracy is measured on.</summary>
    private const int Measured = 2048;

    private readonly DiTRouter _model;
    private readonly SampleSet _samples;
    private readonly PhiloxKey _measurement;
    private readonly bool _headOnly;

    /// <param name="spec">Model and optimiser.</param>
    /// <param name="samples">All samples, with their clusters.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="clusters">K.</param>
    /// <param name="start">A router to start from; null starts from random weights.</param>
    /// <param name="headOnly">Trains the head alone; the trunk keeps its bits.</param>
    public RouterTask(TrainerSpec spec, SampleSet samples, ulong seed, int clusters, RouterStart? start = null, bool headOnly = false)
    {
        _headOnly = headOnly;
        var streams = DiffusionStreams.ForPurpose(seed, RandomPurpose.Router);
        _samples = samples;
        _measurement = new PhiloxKey(seed, RandomPurpose.Router, 5);
        var text = spec.Model.Conditioning == ModelSpec.PooledText;
        if (text && samples.Text?.Pooled != spec.Model.TextDim)
        {
            throw new ParisInputException(samples.Text is null
                ? "router.model.conditioning is 'pooled-text', but the shards hold no encoded captions; the spec needs a section 'text'."
                : $"router.model.textDim is {spec.Model.TextDim}, but the captions are encoded as {samples.Text}; they must be equal.");
        }

        Batches = new FlowMatchingSource(
            samples,
            streams,
            spec.Training.Batch,
            new TimeLaw(spec.Training.HighNoiseShare),
            BatchLabels.Cluster,
            conditionDropout: text ? spec.Model.ConditionDropout : 0,
            text: text ? BatchText.Pooled : BatchText.None);
        _model = new DiTRouter(DiTShape.From(spec.Model, samples.Channels, samples.Height), clusters);

        // The router's own place among the initial weights: no expert has this number.
        WeightInitialization.Apply(_model, seed, InitializationPlace);
        start?.Apply(_model);
    }

    /// <summary>Where <c>init</c> is read from; null: there is none to be read.</summary>
    public Func<DiTRouter, string?>? Start { get; init; }

    public override string? LoadStart() => Start?.Invoke(_model);

    public override nn.Module Module => _model;

    public override IEnumerable<(string name, Parameter parameter)> Trained
        => _headOnly ? base.Trained.Where(x => x.name.StartsWith("head.", StringComparison.Ordinal)) : base.Trained;

    public override IBatchSource Batches { get; }

    private const int InitializationPlace = 60_000;

    public override Tensor Loss(BatchView batch)
    {
        if (!_headOnly)
        {
            return nn.functional.cross_entropy(_model.call(batch.Input, batch.Time, batch.Condition), batch.Labels);
        }

        Tensor state; // [b, D]
        using (no_grad())
        {
            state = _model.Trunk(batch.Input, batch.Time, batch.Condition);
        }

        return nn.functional.cross_entropy(_model.Readout(state), batch.Labels);
    }

    /// <summary>
    /// The router as it is now, on samples of the data with noise it has not seen: <c>accuracy.t0.50</c> …, mean cross-entropy
    /// <c>entropy.t0.50</c> …, and <c>prior.l1</c> = Σ|mean p − share| at t = 1, where a router without text can know only the clusters'
    /// shares. In runs with text also <c>prompt.accuracy</c>: how often a caption and pure noise lead to the caption's cluster; without
    /// <c>pooled-text</c> the caption goes unread. With it the numbers above are with captions, and <c>unprompted.accuracy.t0.50</c> … those
    /// with the empty caption.
    /// </summary>
    public Dictionary<string, double> Measure()
    {
        var metrics = new Dictionary<string, double>();
        var order = new SampleSequence(_measurement, _samples.Count);
        var count = Math.Min(Measured, _samples.Count);
        var shares = new double[_model.Clusters];
        foreach (var cluster in _samples.Clusters!)
        {
            shares[cluster] += 1.0 / _samples.Count;
        }

        foreach (var t in Levels)
        {
            var (right, entropy, mean) = Measure(t, count, order, prompted: true);
            var level = t.ToString("0.00", CultureInfo.InvariantCulture);
            if (_model.Shape.PooledText > 0)
            {
                metrics[$"unprompted.accuracy.t{level}"] = Measure(t, count, order, prompted: false).Right;
            }

            if (t == 1 && _samples.Text is not null)
            {
                metrics["prompt.accuracy"] = right;
            }

            metrics[$"accuracy.t{level}"] = right;
            metrics[$"entropy.t{level}"] = entropy;
            if (t == 1)
            {
                metrics["prior.l1"] = mean.Zip(shares, (p, share) => Math.Abs(p - share)).Sum();
            }
        }

        return metrics;
    }

    private (double Right, double Entropy, double[] Mean) Measure(float t, int count, SampleSequence order, bool prompted)
    {
        const int Batch = 256;
        var size = _samples.SampleSize;
        var x0 = new float[size];
        var noise = new float[size];
        var (right, entropy) = (0, 0.0);
        var mean = new double[_model.Clusters];
        using var noGradient = no_grad();
        for (var first = 0; first < count; first += Batch)
        {
            using var scope = NewDisposeScope();
            var n = Math.Min(Batch, count - first);
            var x = empty([n, _samples.Channels, _samples.Height, _samples.Width], ScalarType.Float32);
            var values = MemoryMarshal.Cast<byte, float>(x.bytes);
            var width = _model.Shape.PooledText;
            var text = width > 0 ? empty([n, width], ScalarType.Float32) : null; // [n, P]
            var pooled = text is null ? default : MemoryMarshal.Cast<byte, float>(text.bytes);
            for (var i = 0; i < n; i++)
            {
                _samples.CopyTo((int)order[first + i], x0);
                _measurement.AtStep(1 + (long)(t * 1000)).ForSample(first + i).FillNormal(noise);
                FlowMatching.Interpolate(x0, noise, t, values.Slice(i * size, size));
                if (text is not null && prompted)
                {
                    _samples.CopyPooled((int)order[first + i], pooled.Slice(i * width, width));
                }
                else if (text is not null)
                {
                    _samples.NullText!.Pooled.CopyTo(pooled.Slice(i * width, width));
                }
            }

            var logits = _model.call(x, full([n], FlowMatching.TimeScale * t, ScalarType.Float32), text);
            var p = nn.functional.softmax(logits, 1).data<float>().ToArray(); // [n, K]
            for (var i = 0; i < n; i++)
            {
                var row = p.AsSpan(i * mean.Length, mean.Length);
                var cluster = (int)_samples.Clusters![(int)order[first + i]];
                right += System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(row) == cluster ? 1 : 0;
                entropy -= Math.Log(Math.Max(row[cluster], 1e-12));
                for (var k = 0; k < mean.Length; k++)
                {
                    mean[k] += row[k] / (double)count;
                }
            }
        }

        return ((double)right / count, entropy / count, mean);
    }
}
