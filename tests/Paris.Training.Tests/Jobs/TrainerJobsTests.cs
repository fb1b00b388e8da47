using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Training.Data;
using Paris.Training.Jobs;
using Paris.Training.Tests.Data;
using Paris.Training.Tests.Trainers;
using Xunit;

namespace Paris.Training.Tests.Jobs;

/// <summary>The trainers on a small run: two clusters of bars, 16×16 pixels, each job under its own scope of the store.</summary>
public sealed class TrainerJobsTests : IDisposable
{
    private const int Count = 96;
    private const int Side = BarsRun.Side;

    private readonly SourceFiles _files = new();
    private readonly RunSpec _spec;
    private readonly List<RecordingReporter> _reporters = [];

    public TrainerJobsTests()
    {
        var (pixels, labels) = BarsRun.Pictures(Count);
        var training = new OptimizationSpec
        {
            Steps = 24,
            Batch = 8,
            LearningRate = 2e-3,
            Warmup = 0.1,
            Schedule = "linear",
            Beta2 = 0.99,
            EmaDecay = 0.9,
            CheckpointEvery = 5,
            PreviewEvery = 12,
        };
        _spec = new RunSpec
        {
            Name = "bars",
            Seed = 3,
            Data = new DataSpec
            {
                Images = _files.Images("images", Count, Side, Side, pixels),
                Labels = _files.Labels("labels", labels),
                TestImages = _files.Images("test-images", 16, Side, Side, pixels[..(16 * Side * Side)]),
                TestLabels = _files.Labels("test-labels", labels[..16]),
                Classes = ["up", "down"],
                ImageSize = Side,
            },
            Autoencoder = new AutoencoderSpec { Width = 4, Training = training with { Steps = 60, LearningRate = 1e-2, EmaDecay = 0, CheckpointEvery = 30, PreviewEvery = 30 } },
            Clustering = new ClusteringSpec { Clusters = 2, FineClusters = 4, Dimension = 4, Iterations = 4, Restarts = 1 },
            Expert = new TrainerSpec { Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2, Condition = "class" }, Training = training },
            Router = new TrainerSpec { Model = new ModelSpec { Hidden = 16, Layers = 1, Heads = 2 }, Training = training with { Steps = 300, LearningRate = 1e-2, HighNoiseShare = 0.5, CheckpointEvery = 100 } },
            Evaluation = new EvaluationSpec { Reference = 50, ClassifierPasses = 40 },
        };
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public void A_run_trains_every_model_and_leaves_what_the_next_jobs_need()
    {
        var store = Store("store");
        Prepare(store);
        var autoencoder = Result(store, JobKind.TrainAutoencoder);
        Assert.InRange(autoencoder.Metrics["psnr"], 10, 60);
        using (var file = Open(store, autoencoder.Outputs["model"]))
        {
            Assert.Equal(4, LatentScale.Parse(file.Metadata, "model").Mean.Count);
        }

        // Standardised: the latents have mean 0 and deviation 1.
        var latents = JobContext.Await(SampleSet.LoadAsync(store, Result(store, JobKind.Encode).Outputs["manifest"]));
        var values = new float[latents.SampleSize * latents.Count];
        latents.Gather([.. Enumerable.Range(0, latents.Count)], values);
        Assert.Equal(0, values.Average(), 0.01);
        Assert.Equal(1, values.Average(value => value * value), 0.02);

        for (var k = 0; k < 2; k++)
        {
            var expert = Run(store, JobKind.TrainExpert, k.ToString(System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(24, expert.Metrics["steps"]);
            Assert.True(expert.Metrics["loss"] is > 0 and < 10);
            using var file = Open(store, expert.Outputs["model"]);
            Assert.Equal("DiTExpert", file.Metadata["model"]);
            Assert.True(file.Contains("pos_embed") && file.Contains("layers.0.attn.in_proj_weight"));
            Assert.Equal(2, _reporters[^1].Previews.Count);
            Assert.All(_reporters[^1].Previews, blob => Assert.Equal(0x89, JobContext.Await(store.GetAsync(blob))!.Bytes[0]));
            Assert.All(_reporters[^1].Metrics.Where(metric => metric.Name == "bytes-between-experts"), metric => Assert.Equal(0, metric.Value));
            Assert.Contains(_reporters[^1].Metrics, metric => metric.Name == "bytes-between-experts");
        }

        var twin = Run(store, JobKind.TrainTwin);
        Assert.Equal(Count, twin.Metrics["samples"]);
        Assert.Equal(2.0 * 8 * 24 / Count, twin.Metrics["passes"]);

        var router = Run(store, JobKind.TrainRouter);
        Assert.InRange(router.Metrics["accuracy.t0.00"], 0.9, 1);
        Assert.InRange(router.Metrics["prior.l1"], 0, 0.6);
        Assert.True(router.Metrics["accuracy.t0.00"] > router.Metrics["accuracy.t1.00"]);

        Draws(store);
    }

    /// <summary>Images from the class-conditioned experts above: shares, trace, equal bytes for an equal seed, guidance that changes them.</summary>
    private void Draws(IBlobStore store)
    {
        Run(store, JobKind.TrainClassifier);
        var spec = _spec with { Evaluation = _spec.Evaluation with { Images = 20, Grid = 9 }, Sampling = new SamplingSpec { Steps = 4 } };
        foreach (var strategy in new[] { "cluster-first", "sticky", "top-2", "oracle", "full" })
        {
            var evaluation = Run(store, JobKind.Evaluate, strategy, spec);
            Assert.True(evaluation.Metrics["frechet"] > 0);
            Assert.True(evaluation.Metrics["frechet.real"] > 0);
            Assert.Equal(1, evaluation.Metrics["share.class.0"] + evaluation.Metrics["share.class.1"], 9);
            Assert.Equal(1, evaluation.Metrics["share.cluster.0"] + evaluation.Metrics["share.cluster.1"], 9);
            Assert.InRange(evaluation.Metrics["experts.per.step"], strategy == "top-2" ? 2 : 1, strategy is "top-2" or "full" ? 2 : 1);
            using var routing = Open(store, evaluation.Outputs["routing"]);
            routing.Require("weights", TensorType.F32, 20, 4, 2);
            foreach (var pair in routing.ToSingles("weights").Chunk(2))
            {
                Assert.Equal(1, pair.Sum(), 4);
            }
        }

        var plain = Sample("plain", 1);
        Assert.Equal(plain.Outputs["grid"].Sha256, Sample("again", 1).Outputs["grid"].Sha256);
        Assert.NotEqual(plain.Outputs["grid"].Sha256, Sample("guided", 3).Outputs["grid"].Sha256);
        var error = Assert.Throws<ParisInputException>(() => Sample("nobody", 1, "expert-7"));
        Assert.Contains("expert-7", error.Message, StringComparison.Ordinal);

        JobResult Sample(string id, double guidance, string strategy = "cluster-first")
        {
            var job = new JobId(spec.Name, JobKind.Sample, id);
            var order = new SampleOrder { Strategy = strategy, Count = 6, Seed = 5, GuidanceScale = guidance };
            JobContext.Await(store.PutAsync(SampleOrder.BlobName(job), JsonSerializer.SerializeToUtf8Bytes(order, WorkerProtocol.Json), PutCondition.Always));
            return Run(store, JobKind.Sample, id, spec);
        }
    }

    /// <summary>The headline on a real expert through its job: killed at random writes to the store, the same SHA-256 in the end.</summary>
    [Fact]
    public void A_killed_expert_ends_with_the_weights_of_an_undisturbed_one()
    {
        var store = Store("store");
        Prepare(store);
        var undisturbed = Run(store, JobKind.TrainExpert, "0");
        var deaths = 0;
        for (var trial = 0; trial < 6; trial++)
        {
            Forget(store, JobId.ForExpert("bars", 0));
            var random = new PhiloxKey(17, RandomPurpose.Simulation, step: trial).Stream();
            JobResult? result = null;
            while (result is null)
            {
                try
                {
                    result = Run(new CrashingStore(store, 2 + random.NextInt(10), random.NextInt(2) == 0), JobKind.TrainExpert, "0");
                }
                catch (SimulatedCrash)
                {
                    deaths++;

                    // The last write of all may have been the one after which it died.
                    result = JobContext.Await(JobFence.ReadResultAsync(store, JobId.ForExpert("bars", 0)));
                }
            }

            Assert.Equal(undisturbed.Facts["weights-sha256"], result.Facts["weights-sha256"]);
            Assert.Equal(undisturbed.Outputs["model"].Sha256, result.Outputs["model"].Sha256);
        }

        Assert.True(deaths >= 5, $"Only {deaths} deaths were simulated.");
    }

    [Fact]
    public void The_classifier_is_trained_once_for_equal_data()
    {
        var store = Store("store");
        Run(store, JobKind.Ingest);
        var first = Run(store, JobKind.TrainClassifier);
        Assert.InRange(first.Metrics["accuracy"], 0.9, 1);
        using (var file = Open(store, first.Outputs["features-reference"]))
        {
            file.Require("features", TensorType.F32, 50, 64);
            file.Require("index", TensorType.I64, 50);
        }

        using (var file = Open(store, first.Outputs["features-test"]))
        {
            file.Require("features", TensorType.F32, 16, 64);
        }

        // Another run on the same data takes it from the cache.
        var other = _spec with { Name = "again", Seed = 99 };
        Run(store, JobKind.Ingest, spec: other);
        var second = Run(store, JobKind.TrainClassifier, spec: other);
        Assert.Equal("true", second.Facts["reused"]);
        Assert.Equal(first.Outputs["model"].Sha256, second.Outputs["model"].Sha256);
        Assert.Equal(first.Outputs["features-test"].Sha256, second.Outputs["features-test"].Sha256);
        Assert.Equal(first.Metrics["accuracy"], second.Metrics["accuracy"]);
    }

    [Fact]
    public void What_does_not_fit_is_told_in_one_sentence()
    {
        var store = Store("store");
        Prepare(store);
        Expect(_spec with { Expert = _spec.Expert with { Model = _spec.Expert.Model with { Condition = "text" } } }, JobKind.TrainExpert, "text");
        Expect(_spec with { Expert = _spec.Expert with { Training = _spec.Expert.Training with { Accumulate = 3 } } }, JobKind.TrainExpert, "accumulate 3");
        Expect(_spec with { Expert = _spec.Expert with { Training = _spec.Expert.Training with { Precision = "bf16" } } }, JobKind.TrainExpert, "fp32");
        Expect(_spec with { Autoencoder = null }, JobKind.TrainAutoencoder, "pixels");

        void Expect(RunSpec spec, JobKind kind, string message)
        {
            var error = Assert.Throws<ParisInputException>(() => Run(store, kind, kind == JobKind.TrainExpert ? "0" : "", spec));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    private void Prepare(IBlobStore store)
    {
        foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.TrainAutoencoder, JobKind.Encode, JobKind.Partition })
        {
            Run(store, kind);
        }
    }

    private JobResult Run(IBlobStore store, JobKind kind, string part = "", RunSpec? spec = null)
    {
        spec ??= _spec;
        var job = new JobId(spec.Name, kind, part);
        var scoped = ScopedBlobStore.ForJob(store, job);
        var claim = System.Security.Cryptography.RandomNumberGenerator.GetHexString(32, lowercase: true);
        _reporters.Add(new RecordingReporter());
        JobRegistry.Create(kind).Run(new JobContext
        {
            Spec = spec,
            Job = job,
            Store = scoped,
            Fence = JobContext.Await(JobFence.TakeOverAsync(scoped, job, "test", claim, "start")),
            Reporter = _reporters[^1],
            SourceRoots = [_files.Folder],
        });
        return JobContext.Await(JobFence.ReadResultAsync(store, job))!;
    }

    private JobResult Result(IBlobStore store, JobKind kind) => JobContext.Await(JobFence.ReadResultAsync(store, new JobId(_spec.Name, kind)))!;

    private static SafetensorsFile Open(IBlobStore store, BlobEntry entry) => SafetensorsFile.FromBytes(JobContext.Await(store.GetAsync(entry.Name))!.Bytes);

    private static void Forget(IBlobStore store, JobId job)
    {
        foreach (var blob in store.ListAsync(job.Folder).ToBlockingEnumerable().ToList())
        {
            JobContext.Await(store.DeleteAsync(blob.Name));
        }
    }

    private LocalBlobStore Store(string name) => new(Path.Combine(_files.Folder, name), TimeProvider.System);
}
