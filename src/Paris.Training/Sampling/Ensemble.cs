using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Diffusion;
using Paris.Training.Jobs;
using static TorchSharp.torch;

namespace Paris.Training.Sampling;

/// <summary>
/// A run's finished models, ready to draw images: the experts (or the twin alone), the router where it is there, the cluster shares and
/// the codec back to pictures.
/// </summary>
public sealed class Ensemble : IDisposable
{
    private readonly List<nn.Module> _modules = [];
    private readonly RunSpec _spec;

    private Ensemble(RunSpec spec, LatentCodec codec, IReadOnlyList<int> experts)
    {
        _spec = spec;
        Codec = codec;
        Experts = experts;
    }

    public LatentCodec Codec { get; }

    /// <summary>[K] numbers of the experts, in the order of the sampler's weights; the twin is 0.</summary>
    public IReadOnlyList<int> Experts { get; }

    /// <summary>[K] share of each cluster in the data.</summary>
    public double[] Shares { get; private set; } = [];

    /// <summary>Classes the experts are conditioned on; 0 without a class condition.</summary>
    public int Classes { get; private set; }

    public EnsembleSampler Sampler { get; private set; } = null!;

    /// <summary>Loads the models a strategy needs; the twin is an ensemble of one.</summary>
    /// <param name="context">The job.</param>
    /// <param name="strategy">A strategy, <c>twin</c>, or <c>expert-3</c>.</param>
    /// <param name="revision">Which experts, router and clusters.</param>
    /// <exception cref="ParisInputException">A model is not trained yet.</exception>
    public static Ensemble Load(JobContext context, string strategy, EnsembleRevision revision)
    {
        var spec = context.Spec;
        var ensemble = new Ensemble(spec, LatentCodec.Load(context), strategy == StrategyNames.Twin ? [0] : [.. revision.Members.Select(x => x.Expert)]);
        try
        {
            var experts = new List<VelocityModel>();
            RouterModel? router = null;
            if (strategy == StrategyNames.Twin)
            {
                if (!spec.Twin)
                {
                    throw new ParisInputException($"run '{spec.Name}' trains no twin; set 'twin: true' in its spec.");
                }

                experts.Add(ensemble.LoadExpert(context, new JobId(spec.Name, JobKind.TrainTwin)));
                ensemble.Shares = [1];
            }
            else
            {
                var sizes = PartitionReading.Sizes(context, revision);
                ensemble.Shares = [.. sizes.Select(size => size / sizes.Sum())];
                experts.AddRange(revision.Members.Select(x => ensemble.LoadExpert(context, x.Job(spec.Name))));
                router = ensemble.LoadRouter(context, new JobId(spec.Name, JobKind.TrainRouter, Revision: revision.Router));
            }

            ensemble.Sampler = new EnsembleSampler(experts, router);
            return ensemble;
        }
        catch
        {
            ensemble.Dispose();
            throw;
        }
    }

    /// <summary>x_T [count, C, H, W]: image i's noise is a function of (seed, i) alone, whatever the batch.</summary>
    public Tensor Noise(ulong seed, int first, int count)
    {
        var (channels, side) = _spec.LatentShape();
        var size = channels * side * side;
        var values = new float[count * size];
        for (var i = 0; i < count; i++)
        {
            new PhiloxKey(seed, RandomPurpose.Sampling, PhiloxKey.NoExpert, 0, first + i).FillNormal(values.AsSpan(i * size, size));
        }

        return tensor(values, [count, channels, side, side], dtype: ScalarType.Float32);
    }

    /// <summary>Image i's cluster, drawn from the shares by (seed, i).</summary>
    public int DrawCluster(ulong seed, int image) =>
        new PhiloxKey(seed, RandomPurpose.Routing, PhiloxKey.NoExpert, 0, image).Stream().NextIndex(Shares);

    /// <summary>The uniform number of an image, step and draw, for strategies that draw at every step.</summary>
    public static double Uniform(ulong seed, int image, int step, int draw) =>
        new PhiloxKey(seed, RandomPurpose.Routing, PhiloxKey.NoExpert, step + 1, image).UniformAt(draw);

    public void Dispose()
    {
        foreach (var module in _modules)
        {
            module.Dispose();
        }

        Codec.Dispose();
    }

    private VelocityModel LoadExpert(JobContext context, JobId job)
    {
        var (channels, side) = _spec.LatentShape();
        using var file = OpenWeights(context, job);
        // The file knows how many classes the data had: its table has one row more, the null class.
        var classes = file.Contains("class_embed") ? (int)file["class_embed"].Shape[0] - 1 : 0;
        if (_modules.Count > 0 && classes != Classes)
        {
            throw new ParisInputException($"{job.Key} knows {classes} classes, the experts before it {Classes}; an ensemble shares its classes.");
        }

        Classes = classes;
        var expert = Keep(new DiTExpert(DiTShape.From(_spec.Expert.Model, channels, side, classes)));
        WeightFile.Load(expert, file);
        VelocityModel model = (x, t, condition) => expert.call(x, t, condition);
        return job.Kind == JobKind.TrainExpert && _spec.Expert.LearnsNoise(job.Expert) ? EpsilonExpert.AsVelocity(model) : model;
    }

    private RouterModel LoadRouter(JobContext context, JobId job)
    {
        var (channels, side) = _spec.LatentShape();
        var router = Keep(new DiTRouter(DiTShape.From(_spec.Router.Model, channels, side), Experts.Count));
        using var file = OpenWeights(context, job);
        WeightFile.Load(router, file);
        return (x, t, text) => router.call(x, t, text);
    }

    private static SafetensorsFile OpenWeights(JobContext context, JobId job) => context.OpenTensors(context.Require(job).Outputs["model"]);

    private T Keep<T>(T module)
        where T : nn.Module
    {
        _modules.Add(module);
        return module;
    }
}
