using System.Globalization;
using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Jobs;
using Paris.Training.Tests.Data;
using Paris.Training.Tests.Trainers;
using Paris.Training.Trainers;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Training.Tests.Jobs;

/// <summary>Experts added, replaced and removed after a real small training in pixel space: four kinds of bars, two clusters, 8×8 pixels.</summary>
public sealed class EnsembleRevisionJobsTests : IDisposable
{
    private const int Count = 80;
    private const int Side = 8;

    private readonly SourceFiles _files = new();
    private readonly RunSpec _spec;
    private readonly LocalBlobStore _store;
    private readonly List<RecordingReporter> _reporters = [];

    public EnsembleRevisionJobsTests()
    {
        var training = new OptimizationSpec { Steps = 12, Batch = 8, LearningRate = 2e-3, EmaDecay = 0.9, CheckpointEvery = 5, PreviewEvery = 0 };
        _spec = new RunSpec
        {
            Name = "bars",
            Seed = 3,
            Data = new DataSpec { Images = _files.Images("images", Count, Side, Side, Pixels(4)), ImageSize = Side },
            Clustering = new ClusteringSpec { Clusters = 2, FineClusters = 4, Dimension = 4, Iterations = 4, Restarts = 1 },
            Expert = new TrainerSpec { Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2 }, Training = training },
            Router = new TrainerSpec { Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2 }, Training = training with { Steps = 30 } },
            Sampling = new SamplingSpec { Steps = 3 },
            Evaluation = new EvaluationSpec { Images = 12, Grid = 4, Reference = 40, ClassifierPasses = 1 },
        };
        _store = new LocalBlobStore(Path.Combine(_files.Folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
        foreach (var kind in (JobKind[])[JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.Partition, JobKind.TrainRouter])
        {
            Run(new JobId("bars", kind));
        }

        Run(JobId.ForExpert("bars", 0));
        Run(JobId.ForExpert("bars", 1));
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_split_trains_the_new_expert_on_half_of_the_cluster_and_leaves_the_others_as_they_are()
    {
        var before = Blobs("experts/").Concat(Blobs("partition/")).Concat(Blobs("router/")).ToDictionary();
        var sizes = Result(new JobId("bars", JobKind.Partition)).Metrics;
        var revision = Change(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 1, Steps = 7 });
        var partition = Run(new JobId("bars", JobKind.Partition, Revision: 2));
        var expert = Run(JobId.ForExpert("bars", 2, 2));
        Assert.Equal(0, _reporters[^1].Metrics.Last(x => x.Name == "bytes-between-experts").Value);
        var router = Run(new JobId("bars", JobKind.TrainRouter, Revision: 2));

        // Every sample of the cluster is in one of the halves, the larger one stays; the other cluster is named as it lies.
        Assert.Equal(sizes["size.cluster.1"], partition.Metrics["size.cluster.1"] + partition.Metrics["size.cluster.2"]);
        Assert.True(partition.Metrics["size.cluster.1"] >= partition.Metrics["size.cluster.2"] && partition.Metrics["size.cluster.2"] > 0);
        Assert.Equal(Result(new JobId("bars", JobKind.Partition)).Outputs["manifest-0"], partition.Outputs["manifest-0"]);
        long[] halves = [.. Samples(partition, 1).Ids, .. Samples(partition, 2).Ids];
        Assert.Equal(Samples(Result(new JobId("bars", JobKind.Partition)), 1).Ids.Order(), halves.Order());
        Assert.Equal((partition.Metrics["size.cluster.2"], 7), (expert.Metrics["samples"], expert.Metrics["steps"]));

        // Not a bit of what was there changed.
        Assert.Equal(before, Blobs("experts/").Concat(Blobs("partition/")).Concat(Blobs("router/")).Where(x => before.ContainsKey(x.Key)).ToDictionary());
        Assert.True(router.Metrics["accuracy.t0.00"] > 0.4);

        // The old revision and the new one draw side by side; a repeated job finds the same.
        var (old, present) = (Sample("old", "full", null), Sample("new", "full", 2));
        Assert.Equal((2, 3), (old.Metrics.Keys.Count(x => x.StartsWith("weight.expert.", StringComparison.Ordinal)), present.Metrics.Keys.Count(x => x.StartsWith("weight.expert.", StringComparison.Ordinal))));
        Sample("alone", "expert-2", 2);
        Assert.Contains("expert-2", Assert.Throws<ParisInputException>(() => Sample("early", "expert-2", 1)).Message, StringComparison.Ordinal);
        Forget(JobId.ForExpert("bars", 2, 2));
        Assert.Equal(expert.Facts["weights-sha256"], Run(JobId.ForExpert("bars", 2, 2)).Facts["weights-sha256"]);
        Assert.Equal(2, revision.Router);
    }

    [Fact]
    public void A_head_refit_keeps_the_trunk_bit_by_bit_and_a_whole_one_does_not()
    {
        Change(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 0, RouterSteps = 4 });
        Change(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 0, RouterSteps = 4, Router = RouterRefit.Whole }, from: 1);
        foreach (var revision in (int[])[2, 3])
        {
            Run(new JobId("bars", JobKind.Partition, Revision: revision));
            Run(new JobId("bars", JobKind.TrainRouter, Revision: revision));
        }

        using var before = Model(new JobId("bars", JobKind.TrainRouter));
        using var head = Model(new JobId("bars", JobKind.TrainRouter, Revision: 2));
        using var whole = Model(new JobId("bars", JobKind.TrainRouter, Revision: 3));
        foreach (var tensor in before.Tensors.Where(x => !x.Name.StartsWith("head.", StringComparison.Ordinal)))
        {
            Assert.Equal(before.ToSingles(tensor.Name), head.ToSingles(tensor.Name));
        }

        Assert.Equal("3, 16", string.Join(", ", head["head.4.weight"].Shape));
        Assert.NotEqual(before.ToSingles("head.0.weight"), head.ToSingles("head.0.weight"));
        Assert.NotEqual(before.ToSingles("time_embed.mlp.0.weight"), whole.ToSingles("time_embed.mlp.0.weight"));
        Assert.NotEqual(before.ToSingles("layers.0.mlp.0.weight"), whole.ToSingles("layers.0.mlp.0.weight"));
    }

    /// <summary>Before its first step the refitted router says what the old one said: split probabilities add up, removed ones are left out.</summary>
    [Fact]
    public void A_refit_starts_where_the_old_router_was()
    {
        using var file = Model(new JobId("bars", JobKind.TrainRouter));
        using var before = new DiTRouter(DiTShape.From(_spec.Router.Model, 1, Side), 2);
        WeightFile.Load(before, file);
        using var split = new DiTRouter(before.Shape, 3);
        new RouterStart(file, [new RouterRow(0, 1), new RouterRow(1, 0.75), new RouterRow(1, 0.25)]).Apply(split);
        using var images = new DiTRouter(before.Shape, 3);
        new RouterStart(file, [new RouterRow(0, 1), new RouterRow(1, 1), new RouterRow(null, 1)]).Apply(images);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var noise = new float[5 * Side * Side];
        new PhiloxKey(1, RandomPurpose.Simulation).FillNormal(noise);
        var (x, t) = (tensor(noise, [5, 1, Side, Side], dtype: ScalarType.Float32), tensor(new float[] { 0, 250, 500, 750, 1000 }));
        float[] P(DiTRouter router) => [.. nn.functional.softmax(router.call(x, t), 1).data<float>()];
        var (p, q, r) = (P(before), P(split), P(images));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(p[2 * i], q[3 * i], 1e-5);
            Assert.Equal(0.75 * p[(2 * i) + 1], q[(3 * i) + 1], 1e-5);
            Assert.Equal(0.25 * p[(2 * i) + 1], q[(3 * i) + 2], 1e-5);
            Assert.Equal(p[2 * i] / p[(2 * i) + 1], r[3 * i] / r[(3 * i) + 1], 1e-3);
        }
    }

    [Fact]
    public void New_images_make_an_expert_whose_cluster_can_be_split_and_gaps_stay_gaps()
    {
        Change(new EnsembleChange { Change = EnsembleChangeKind.Add, Images = _files.Images("more", 30, Side, Side, Pixels(4)[^(30 * Side * Side)..]), Limit = 20 });
        Run(new JobId("bars", JobKind.Ingest, Revision: 2));
        Assert.Equal(20, Run(new JobId("bars", JobKind.Partition, Revision: 2)).Metrics["size.cluster.2"]);
        Run(JobId.ForExpert("bars", 2, 2));
        Run(new JobId("bars", JobKind.TrainRouter, Revision: 2));

        Change(new EnsembleChange { Change = EnsembleChangeKind.Remove, Expert = 1 });
        Run(new JobId("bars", JobKind.TrainRouter, Revision: 3));
        Assert.Equal(["weight.expert.0", "weight.expert.2"], Sample("gap", "full", 3).Metrics.Keys.Where(x => x.StartsWith("weight.", StringComparison.Ordinal)).Order());
        Assert.Contains("expert-0, expert-2", Assert.Throws<ParisInputException>(() => Sample("removed", "expert-1", 3)).Message, StringComparison.Ordinal);

        Change(new EnsembleChange { Change = EnsembleChangeKind.Add, Split = 2 });
        Run(new JobId("bars", JobKind.Extract, Revision: 2));
        var partition = Run(new JobId("bars", JobKind.Partition, Revision: 4));
        Assert.Equal(["size.cluster.0", "size.cluster.2", "size.cluster.3"], partition.Metrics.Keys.Where(x => x.StartsWith("size.", StringComparison.Ordinal)).Order());
        Assert.Equal(20, partition.Metrics["size.cluster.2"] + partition.Metrics["size.cluster.3"]);

        // A replacement on the same cluster has other weights, and its predecessor's stay.
        var former = Result(JobId.ForExpert("bars", 0)).Facts["weights-sha256"];
        Change(new EnsembleChange { Change = EnsembleChangeKind.Replace, Expert = 0 }, from: 3);
        Assert.NotEqual(former, Run(JobId.ForExpert("bars", 0, 5)).Facts["weights-sha256"]);
        Assert.Equal(former, Result(JobId.ForExpert("bars", 0)).Facts["weights-sha256"]);
    }

    private byte[] Pixels(int kinds)
    {
        var pixels = new byte[Count * Side * Side];
        var noise = new float[pixels.Length];
        new PhiloxKey(4, RandomPurpose.Simulation).FillNormal(noise);
        for (var i = 0; i < pixels.Length; i++)
        {
            var (kind, row, column) = (i / (Side * Side) % kinds, i / Side % Side, i % Side);
            var bright = kind switch { 0 => row < 4, 1 => row >= 4, 2 => column < 4, _ => column >= 4 };
            pixels[i] = (byte)Math.Clamp((bright ? 190 : 60) + (20 * noise[i]), 0, 255);
        }

        return pixels;
    }

    /// <summary>Orders a revision of the newest one, or of <paramref name="from"/>.</summary>
    private EnsembleRevision Change(EnsembleChange change, int? from = null)
    {
        var history = JobContext.Await(EnsembleHistory.ReadAsync(_store, _spec));
        var revision = (from is { } number ? history.Of(number) : history.Revisions[^1]).With(change, history.NextNumber);
        Put(EnsembleRevision.BlobName("bars", revision.Revision), revision);
        return revision;
    }

    private JobResult Sample(string id, string strategy, int? revision)
    {
        var job = new JobId("bars", JobKind.Sample, id);
        Put(SampleOrder.BlobName(job), new SampleOrder { Strategy = strategy, Count = 6, Seed = 5, Revision = revision });
        return Run(job);
    }

    private void Put<T>(string name, T value) => JobContext.Await(_store.PutAsync(name, JsonSerializer.SerializeToUtf8Bytes(value, WorkerProtocol.Json), PutCondition.Absent));

    private JobResult Run(JobId job)
    {
        var scoped = ScopedBlobStore.ForJob(_store, job);
        var claim = System.Security.Cryptography.RandomNumberGenerator.GetHexString(32, lowercase: true);
        _reporters.Add(new RecordingReporter());
        JobRegistry.Create(job.Kind).Run(new JobContext
        {
            Spec = _spec,
            Job = job,
            Store = scoped,
            Fence = JobContext.Await(JobFence.TakeOverAsync(scoped, job, "test", claim, "start")),
            Reporter = _reporters[^1],
            SourceRoots = [_files.Folder],
        });
        return Result(job);
    }

    private JobResult Result(JobId job) => JobContext.Await(JobFence.ReadResultAsync(_store, job))!;

    private SampleSet Samples(JobResult partition, int cluster)
        => JobContext.Await(SampleSet.LoadAsync(_store, partition.Outputs[string.Create(CultureInfo.InvariantCulture, $"manifest-{cluster}")]));

    private SafetensorsFile Model(JobId job) => SafetensorsFile.FromBytes(JobContext.Await(_store.GetAsync(Result(job).Outputs["model"].Name))!.Bytes);

    private IEnumerable<KeyValuePair<string, string>> Blobs(string folder)
        => _store.ListAsync("runs/bars/" + folder).ToBlockingEnumerable().ToList().Select(x => KeyValuePair.Create(x.Name, x.ETag));

    private void Forget(JobId job)
    {
        foreach (var blob in _store.ListAsync(job.Folder).ToBlockingEnumerable().ToList())
        {
            JobContext.Await(_store.DeleteAsync(blob.Name));
        }
    }
}
