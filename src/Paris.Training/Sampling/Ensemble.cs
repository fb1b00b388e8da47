using Paris.Core;
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
/// the codec back to pictures. Experts are read when they are asked for, and as many are kept as <c>sampling.residentExperts</c> or the free
/// memory allows.
/// </summary>
public sealed class Ensemble : IDisposable
{
    /// <summary>Share of the free memory that experts may take; activations, the codec and other jobs need the rest.</summary>
    private const double MemoryShare = 0.7;

    /// <summary>Bytes that the widest activation of one pass may take.</summary>
    private const long ActivationBytes = 256L << 20;

    private readonly RunSpec _spec;
    private readonly HashSet<JobId> _verified = [];
    private ExpertPool? _pool;
    private DiTRouter? _router;

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

    /// <summary>The experts in memory.</summary>
    public ExpertPool Pool => _pool!;

    /// <summary>Finds the models a strategy needs; the twin is an ensemble of one.</summary>
    /// <param name="context">The job.</param>
    /// <param name="strategy">A strategy, <c>twin</c>, or <c>expert-3</c>.</param>
    /// <param name="revision">Which experts, router and clusters.</param>
    /// <exception cref="ParisInputException">A model is not trained yet.</exception>
    public static Ensemble Load(JobContext context, string strategy, EnsembleRevision revision)
    {
        var spec = context.Spec;
        var twin = strategy == StrategyNames.Twin;
        if (twin && !spec.Twin)
        {
            throw new ParisInputException($"run '{spec.Name}' trains no twin; set 'twin: true' in its spec.");
        }

        var ensemble = new Ensemble(spec, LatentCodec.Load(context), twin ? [0] : [.. revision.Members.Select(x => x.Expert)]);
        try
        {
            JobId[] jobs = twin ? [new JobId(spec.Name, JobKind.TrainTwin)] : [.. revision.Members.Select(x => x.Job(spec.Name))];

            // One expert alone can be looked at while the others and the router still train.
            var alone = strategy.StartsWith("expert-", StringComparison.Ordinal);
            var experts = new PooledExpert?[jobs.Length];
            PooledExpert Found(int k) => experts[k] ??= ensemble.Find(context, jobs[k]);
            foreach (var (k, job) in jobs.Index().Where(x => !alone || strategy == $"expert-{x.Item.Part}"))
            {
                Found(k);
            }

            var router = twin || alone ? null : ensemble.FindRouter(context, new JobId(spec.Name, JobKind.TrainRouter, Revision: revision.Router));
            var sizes = twin ? [1] : PartitionReading.Sizes(context, revision);
            ensemble.Shares = [.. sizes.Select(size => size / sizes.Sum())];
            ensemble._pool = new ExpertPool(Found, spec.Sampling.ResidentExperts, (long)(MemoryShare * HostMemory.Free()));
            ensemble.Sampler = new EnsembleSampler(
                [.. jobs.Select((job, k) => ensemble.Velocity(job, k))],
                router,
                ensemble._pool.Order,
                experts.OfType<PooledExpert>().Select(x => MostImages(x.Shape)).DefaultIfEmpty(1).Min());
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
        _pool?.Dispose();
        _router?.Dispose();
        Codec.Dispose();
    }

    /// <summary>Images a pass whose widest activation stays within bounds.</summary>
    private static int MostImages(DiTShape shape) => (int)Math.Clamp(ActivationBytes / (sizeof(float) * (long)shape.Tokens * shape.MlpHidden), 1, int.MaxValue);

    /// <summary>Expert k as the sampler calls it.</summary>
    private VelocityModel Velocity(JobId job, int k)
    {
        VelocityModel model = (x, t, condition) => Pool.Get(k).call(x, t, condition);
        return job.Kind == JobKind.TrainExpert && _spec.Expert.LearnsNoise(job.Expert) ? EpsilonExpert.AsVelocity(model) : model;
    }

    private PooledExpert Find(JobContext context, JobId job)
    {
        var entry = context.Require(job).Outputs["model"];
        var spec = job.Kind == JobKind.TrainExpert ? _spec.ExpertOf(job.Expert) : _spec.Expert;
        if (spec.Model.Condition == "class")
        {
            // The file knows how many classes the data had: its table has one row more, the null class.
            var classes = context.ReadHeader(entry).Find("class_embed") is { Shape.Length: 2 } table ? (int)table.Shape[0] - 1 : 0;
            if (Classes > 0 && classes != Classes)
            {
                throw new ParisInputException($"{job.Key} knows {classes} classes, the experts before it {Classes}; an ensemble shares its classes.");
            }

            Classes = classes;
        }

        var (channels, side) = _spec.LatentShape();
        return new PooledExpert(DiTShape.From(spec.Model, channels, side, Classes), model => Read(context, job, entry, model));
    }

    /// <summary>Weights are checked when they are read first; one that is read again is what it was.</summary>
    private void Read(JobContext context, JobId job, BlobEntry entry, nn.Module model)
    {
        context.ReadTensors(entry, file => WeightFile.Load(model, file), verify: !_verified.Contains(job));
        _verified.Add(job);
    }

    private RouterModel FindRouter(JobContext context, JobId job)
    {
        var entry = context.Require(job).Outputs["model"];
        var (channels, side) = _spec.LatentShape();
        return (x, t, text) =>
        {
            if (_router is null)
            {
                var router = new DiTRouter(DiTShape.From(_spec.Router.Model, channels, side), Experts.Count);
                try
                {
                    Read(context, job, entry, router);
                }
                catch
                {
                    router.Dispose();
                    throw;
                }

                _router = router;
            }

            return _router.call(x, t, text);
        };
    }
}
