using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Models;
using Paris.Training.Clustering;
using Paris.Training.Data;
using Paris.Training.Jobs;
using Paris.Training.Tests.Data;
using Paris.Training.Tests.Trainers;
using TorchSharp;
using Xunit;

namespace Paris.Training.Tests.Jobs;

/// <summary>The way from source files to one set of shards a cluster: ingest, extract, assign, encode, partition.</summary>
public sealed class DataJobsTests : IDisposable
{
    private const int Count = 500;
    private const int Side = 28;

    private readonly SourceFiles _files = new();
    private readonly RunSpec _spec;

    public DataJobsTests()
    {
        // Four kinds of pictures: a bright bar in one of four places, with noise.
        var noise = Clustering.PixelPcaTests.Noise(Count * Side * Side, 9);
        var labels = new byte[Count];
        for (var i = 0; i < Count; i++)
        {
            labels[i] = (byte)(i * 7 % 4);
            for (var p = 0; p < Side * Side; p++)
            {
                var inside = p / Side / 7 == labels[i];
                noise[(i * Side * Side) + p] = (byte)((inside ? 180 : 20) + (noise[(i * Side * Side) + p] % 40));
            }
        }

        _spec = new RunSpec
        {
            Name = "bars",
            Seed = 11,
            Data = new DataSpec
            {
                Images = _files.Images("images", Count, Side, Side, noise),
                Labels = _files.Labels("labels", labels),
                TestImages = _files.Images("test-images", 20, Side, Side, noise[..(20 * Side * Side)]),
                TestLabels = _files.Labels("test-labels", labels[..20]),
                Classes = ["top", "upper", "lower", "bottom"],
            },
            Autoencoder = new AutoencoderSpec { Width = 4 },
            Clustering = new ClusteringSpec { Clusters = 4, FineClusters = 16, Dimension = 8, Iterations = 6, Restarts = 2 },
            Expert = new TrainerSpec { Model = new ModelSpec() },
            Router = new TrainerSpec { Model = new ModelSpec() },
        };
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_folder_with_broken_files_ends_well_with_the_list()
    {
        for (var i = 0; i < 40; i++)
        {
            _files.Png($"pictures/{i:D2}.png", 8, 8, 1, (x, y, _) => (byte)(i + x + y));
        }

        _files.Write("pictures/05.png", [1, 2, 3]);
        _files.Write("pictures/17.png", File.ReadAllBytes(Path.Combine(_files.Folder, "pictures/16.png"))[..60]);
        var store = Store("broken");
        var spec = _spec with { Data = new DataSpec { Kind = "folder", Images = Path.Combine(_files.Folder, "pictures"), ImageSize = 8 } };

        var ingest = await RunAsync(store, spec, JobKind.Ingest);

        Assert.Equal((38, 2, 0), (ingest.Metrics["samples"], ingest.Metrics["bad-files"], ingest.Metrics["duplicates"]));
        var lines = System.Text.Encoding.UTF8.GetString((await store.GetAsync(ingest.Outputs["bad-files"].Name))!.Bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains("\"name\":\"05.png\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("17.png", lines[1], StringComparison.Ordinal);
        Assert.True(ingest.Metrics["decode-seconds"] > 0 && ingest.Metrics["resize-seconds"] > 0);

        var none = spec with { Name = "none", Data = spec.Data with { Images = Path.Combine(_files.Folder, "broken") } };
        for (var i = 0; i < 4; i++)
        {
            _files.Write($"broken/{i}.png", [1]);
        }

        Assert.Contains("none of the 4 files", (await Assert.ThrowsAsync<ParisInputException>(() => RunAsync(Store("none"), none, JobKind.Ingest))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pictures_become_one_set_of_shards_a_cluster()
    {
        var store = Store("store");
        var ingest = await RunAsync(store, _spec, JobKind.Ingest);
        var extract = await RunAsync(store, _spec, JobKind.Extract);
        var assign = await RunAsync(store, _spec, JobKind.Assign);
        await AutoencoderAsync(store, _spec);
        var encode = await RunAsync(store, _spec, JobKind.Encode);
        var partition = await RunAsync(store, _spec, JobKind.Partition);

        var images = await SampleSet.LoadAsync(store, ingest.Outputs["manifest"]);
        Assert.Equal((Count, 1, 32, 32), (images.Count, images.Channels, images.Height, images.Width));
        Assert.Equal(0, images.PixelsOf(0)[0]);
        Assert.Equal(20, (await SampleSet.LoadAsync(store, ingest.Outputs["manifest-test"])).Count);
        Assert.Equal(20, ingest.Metrics["samples.test"]);
        Assert.Equal(Count / 4, ingest.Metrics["class.0"]);
        Assert.Equal(8, (await ShardManifest.LoadAsync(store, extract.Outputs["manifest"])).SampleSize);

        // The bars are easy: every cluster is one kind of picture.
        Assert.Equal(1, assign.Metrics["purity"]);
        var report = ClusterReport.Parse((await store.GetAsync(assign.Outputs["manifest"].Name))!.Bytes, "report");
        Assert.Equal([125, 125, 125, 125], report.Sizes);
        Assert.Equal(["top", "upper", "lower", "bottom"], report.Classes);
        var sheet = PngDecoder.Decode((await store.GetAsync(assign.Outputs["sheet-3"].Name))!.Bytes);
        Assert.Equal(((8 * 66) + 2, (8 * 66) + 2), (sheet.Width, sheet.Height));

        var latents = await SampleSet.LoadAsync(store, encode.Outputs["manifest"]);
        Assert.Equal((Count, 4, 8, 8), (latents.Count, latents.Channels, latents.Height, latents.Width));
        Assert.Equal(images.Labels, latents.Labels);

        var seen = new List<long>();
        var expected = new float[latents.SampleSize];
        var actual = new float[latents.SampleSize];
        for (var k = 0; k < 4; k++)
        {
            var part = await SampleSet.LoadAsync(store, partition.Outputs[$"manifest-{k}"]);
            Assert.StartsWith($"runs/bars/partition/{k}/", partition.Outputs[$"manifest-{k}"].Name, StringComparison.Ordinal);
            Assert.Equal(part.Count / (double)Count, partition.Metrics[$"share.cluster.{k}"]);
            Assert.All(part.Clusters!, cluster => Assert.Equal(k, cluster));
            Assert.Single(part.Labels.Distinct());
            seen.AddRange(part.Ids);
            latents.CopyTo((int)part.Ids[0], expected);
            part.CopyTo(0, actual);
            Assert.Equal(expected, actual);
        }

        Assert.Equal(Enumerable.Range(0, Count).Select(id => (long)id), seen.Order());
    }

    [Fact]
    public async Task Latents_are_the_standardised_means_of_the_posterior()
    {
        var store = Store("store");
        var ingest = await RunAsync(store, _spec, JobKind.Ingest);
        var weights = await AutoencoderAsync(store, _spec);
        var encode = await RunAsync(store, _spec, JobKind.Encode);

        var images = await SampleSet.LoadAsync(store, ingest.Outputs["manifest"]);
        var latents = await SampleSet.LoadAsync(store, encode.Outputs["manifest"]);
        using var scope = torch.NewDisposeScope();
        using var guard = torch.no_grad();
        using var model = new Autoencoder(1, 4, 4);
        WeightFile.Load(model, SafetensorsFile.FromBytes(weights));
        var x = new float[1024];
        images.CopyTo(321, x);
        var mean = model.Encode(torch.tensor(x).reshape(1, 1, 32, 32)).Mean.reshape(-1);
        var actual = new float[256];
        latents.CopyTo(321, actual);
        for (var i = 0; i < 256; i++)
        {
            // The scale that AutoencoderAsync writes: mean channel/10, deviation 2.
            Assert.Equal((mean[i].item<float>() - (i / 64 / 10f)) / 2, actual[i], 1e-5f);
        }
    }

    [Fact]
    public async Task Without_an_autoencoder_the_parts_hold_pixels()
    {
        var store = Store("store");
        var spec = _spec with { Autoencoder = null };
        foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract, JobKind.Assign })
        {
            await RunAsync(store, spec, kind);
        }

        var partition = await RunAsync(store, spec, JobKind.Partition);

        var part = await SampleSet.LoadAsync(store, partition.Outputs["manifest-2"]);
        Assert.True(part.IsPixels);
        Assert.Equal([1, 32, 32], part.Shape);
        var error = await Assert.ThrowsAsync<ParisInputException>(() => RunAsync(store, spec, JobKind.Encode));
        Assert.Contains("autoencoder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes()
    {
        var hashes = new List<string[]>();
        foreach (var name in new[] { "one", "two" })
        {
            var store = Store(name);
            var outputs = new List<string>();
            await AutoencoderAsync(store, _spec);
            foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract, JobKind.Assign, JobKind.Encode, JobKind.Partition })
            {
                var result = await RunAsync(store, _spec, kind);
                outputs.AddRange(result.Outputs.OrderBy(output => output.Key, StringComparer.Ordinal).Select(output => $"{output.Value.Name} {output.Value.Sha256}"));
            }

            hashes.Add([.. outputs]);
        }

        Assert.Equal(hashes[0], hashes[1]);
    }

    [Fact]
    public async Task A_second_worker_writes_the_same_under_its_own_names()
    {
        var store = Store("store");
        var first = await RunAsync(store, _spec, JobKind.Ingest);
        var second = await RunAsync(store, _spec, JobKind.Ingest);

        Assert.Contains("-e1", first.Outputs["manifest"].Name, StringComparison.Ordinal);
        Assert.Contains("-e2", second.Outputs["manifest"].Name, StringComparison.Ordinal);
        Assert.Equal(
            (await ShardManifest.LoadAsync(store, first.Outputs["manifest"])).Shards.Select(shard => shard.Sha256),
            (await ShardManifest.LoadAsync(store, second.Outputs["manifest"])).Shards.Select(shard => shard.Sha256));
    }

    [Fact]
    public async Task Bad_input_leaves_no_result()
    {
        var store = Store("store");

        await Expect(_spec with { Clustering = _spec.Clustering with { Clusters = 501 } }, "clustering.clusters is 501");
        await Expect(_spec with { Data = _spec.Data with { Images = "/nowhere/images" } }, "data.images: there is no file or folder '/nowhere/images'");
        await Expect(_spec with { Data = _spec.Data with { Kind = "tar" } }, "data.kind is 'tar'");
        await Expect(_spec with { Data = _spec.Data with { Kind = "folder" } }, "is a file");
        await Expect(_spec with { Data = _spec.Data with { Images = _files.Folder } }, "is a folder");
        await Expect(_spec, "outside the allowed source folders", roots: ["/nowhere/allowed"]);
        Assert.Null(await JobFence.ReadResultAsync(store, new JobId("bars", JobKind.Ingest)));

        // And what needs another job's result says so.
        var error = await Assert.ThrowsAsync<ParisInputException>(() => RunAsync(store, _spec, JobKind.Extract));
        Assert.Contains("bars/ingest", error.Message, StringComparison.Ordinal);

        async Task Expect(RunSpec spec, string message, string[]? roots = null)
        {
            var error = await Assert.ThrowsAsync<ParisInputException>(() => RunAsync(store, spec, JobKind.Ingest, roots));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public async Task A_stop_ends_a_job_without_a_result()
    {
        var store = Store("store");
        var id = new JobId("bars", JobKind.Ingest);
        var context = await ContextAsync(store, _spec, id, null);
        context.RequestStop("test");

        Assert.Throws<StoppedException>(() => new IngestJob().Run(context));
        Assert.Null(await JobFence.ReadResultAsync(store, id));
    }

    [Fact]
    public async Task A_folder_of_captioned_images_is_ingested()
    {
        for (var i = 0; i < 6; i++)
        {
            var shade = (byte)(40 * i);
            _files.Png($"pictures/{(i % 2 == 0 ? "even" : "odd")}/{i}.png", 20, 10, 3, (_, _, c) => (byte)(shade + c));
        }

        _files.Write("pictures/odd/3.txt", "three"u8.ToArray());
        var spec = _spec with
        {
            Data = new DataSpec { Kind = "folder", Images = Path.Combine(_files.Folder, "pictures"), ImageSize = 8, Channels = 3 },
            Clustering = _spec.Clustering with { Clusters = 2, FineClusters = 4, Dimension = 1, Spherical = false },
        };
        var store = Store("store");

        var result = await RunAsync(store, spec, JobKind.Ingest, roots: [_files.Folder]);

        var manifest = await ShardManifest.LoadAsync(store, result.Outputs["manifest"]);
        Assert.Equal(["even", "odd"], manifest.Classes);
        Assert.Equal([3, 3], manifest.ClassCounts);
        Assert.Equal([3, 8, 8], manifest.Shape);
        Assert.Equal(1, manifest.Captions);
        Assert.Equal("{\"id\":4,\"caption\":\"three\"}\n"u8.ToArray(), (await store.GetAsync(result.Outputs["captions"].Name))!.Bytes);
        var images = await SampleSet.LoadAsync(store, result.Outputs["manifest"]);
        Assert.Equal(new byte[] { 120, 121, 122 }, new[] { images.PixelsOf(4)[0], images.PixelsOf(4)[64], images.PixelsOf(4)[128] });
    }

    /// <summary>The paper's way: DINOv2 features, here of the fixture's small model. Random weights tell stripes from checks as well.</summary>
    [Fact]
    public async Task Colour_pictures_are_clustered_by_dinov2()
    {
        for (var i = 0; i < 40; i++)
        {
            var (kind, shade) = (i % 2, (byte)(100 + i));
            _files.Png($"pictures/{(kind == 0 ? "checks" : "stripes")}/{i:D2}.png", 48, 40, 3, (x, y, c) => kind == 0 ? (byte)(((x / 4) + (y / 4)) % 2 * shade) : (byte)(y / 8 % 2 * (shade - c)));
        }

        var spec = _spec with
        {
            Autoencoder = null,
            Data = new DataSpec { Kind = "folder", Images = Path.Combine(_files.Folder, "pictures"), ImageSize = 40, Channels = 3 },
            Clustering = new ClusteringSpec
            {
                Extractor = "dinov2",
                Weights = Path.Combine(Fixtures.Folder, "dinov2-tiny", "mlp", "huggingface.safetensors"),
                InputSize = 56,
                Clusters = 2,
                FineClusters = 8,
            },
        };
        var store = Store("store");
        await RunAsync(store, spec, JobKind.Ingest);
        var extract = await RunAsync(store, spec, JobKind.Extract);
        var assign = await RunAsync(store, spec, JobKind.Assign);
        var partition = await RunAsync(store, spec, JobKind.Partition);

        var features = await ShardManifest.LoadAsync(store, extract.Outputs["manifest"]);
        var shard = await features.ReadShardAsync(store, Assert.Single(features.Shards));
        Assert.Equal((40, 48), (shard.Count, features.SampleSize));
        for (var i = 0; i < shard.Count; i++)
        {
            Assert.Equal(1, Math.Sqrt(shard.FloatsOf(i).ToArray().Sum(x => (double)x * x)), 1e-6);
        }

        Assert.Equal("dinov2", extract.Facts["extractor"]);
        Assert.False(extract.Outputs.ContainsKey("extractor"));
        Assert.Equal(1, assign.Metrics["purity"]);
        Assert.Equal([20, 20], [partition.Metrics["size.cluster.0"], partition.Metrics["size.cluster.1"]]);

        var moved = spec with { Clustering = spec.Clustering with { Weights = Path.Combine(_files.Folder, "gone") } };
        Assert.Contains("clustering.weights", (await Assert.ThrowsAsync<ParisInputException>(() => RunAsync(store, moved, JobKind.Extract))).Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Whatever the number of parts, the order in which they end, and however often one is begun by a worker that is lost: the same shards,
    /// captions, bad files and duplicates, to the bit.
    /// </summary>
    [Theory]
    [InlineData(3, "keep", "fp32", false)]
    [InlineData(7, "drop", "fp16", false)]
    [InlineData(12, "drop", "fp32", false)]
    [InlineData(5, "drop", "fp16", true)]
    public async Task Parts_give_what_the_whole_gives(int parts, string duplicates, string precision, bool text)
    {
        for (var i = 0; i < 60; i++)
        {
            var shade = i % 20 == 19 ? 19 : i; // 19, 39 and 59 are one picture
            _files.Png($"pictures/{(i % 2 == 0 ? "even" : "odd")}/{i:D2}.png", 24, 24, 3, (x, y, c) => (byte)((shade * 4) + (x * c) + y));
            if (i % 3 == 0)
            {
                _files.Write($"pictures/{(i % 2 == 0 ? "even" : "odd")}/{i:D2}.txt", System.Text.Encoding.UTF8.GetBytes($"number {i}"));
            }
        }

        _files.Write("pictures/even/10.png", [1]);
        _files.Write("pictures/odd/33.png", [1]);
        var whole = _spec with
        {
            Data = new DataSpec
            {
                Kind = "folder",
                Images = Path.Combine(_files.Folder, "pictures"),
                TestImages = Path.Combine(_files.Folder, "pictures", "odd"),
                ImageSize = 24,
                Channels = 3,
                ShardSamples = 8,
                Duplicates = duplicates,
                Precision = precision,
            },
            Clustering = _spec.Clustering with
            {
                Extractor = "dinov2",
                Weights = Path.Combine(Fixtures.Folder, "dinov2-tiny", "mlp", "huggingface.safetensors"),
                InputSize = 28,
                Clusters = 2,
                FineClusters = 4,
            },
            Text = text ? new TextSpec { Encoder = "words", Dimension = 4 } : null,
        };
        var cut = whole with { Data = whole.Data with { Parts = parts } };
        var (one, many) = (Store("one"), Store("many"));
        JobKind[] kinds = [JobKind.Ingest, JobKind.Extract, JobKind.Encode];
        await AutoencoderAsync(one, whole, channels: 3);
        await AutoencoderAsync(many, cut, channels: 3);
        foreach (var kind in kinds)
        {
            await RunAsync(one, whole, kind);
            var jobs = DataParts.Jobs(cut, kind);
            Assert.Equal(parts, jobs.Count);
            var early = await Assert.ThrowsAsync<ParisInputException>(() => RunAsync(many, cut, kind));
            Assert.Contains($"bars/{jobs[0].KindName}/0", early.Message, StringComparison.Ordinal);
            foreach (var job in jobs.Reverse())
            {
                // A first worker is lost after some of its work; the second does all of it.
                var lost = await ContextAsync(many, cut, job, null, new StopAtProgress(3));
                ((StopAtProgress)lost.Reporter).Context = lost;
                try
                {
                    JobRegistry.Create(kind).Run(lost);
                }
                catch (StoppedException)
                {
                }

                await RunAsync(many, cut, job);
                Assert.StartsWith($"{new JobId("bars", kind).Folder}parts/{job.Part}/", job.Folder, StringComparison.Ordinal);
            }

            await RunAsync(many, cut, kind);
        }

        foreach (var kind in kinds)
        {
            var (expected, actual) = (Result(one, kind), Result(many, kind));
            var (manifest, joined) = (await ShardManifest.LoadAsync(one, expected.Outputs["manifest"]), await ShardManifest.LoadAsync(many, actual.Outputs["manifest"]));
            Assert.Equal(duplicates == "drop" ? 56 : 58, manifest.Count);
            Assert.Equal(8, manifest.Shards.Count);
            Assert.Equal(manifest.Shards.Select(x => (x.Sha256, x.Count, x.Bytes)), joined.Shards.Select(x => (x.Sha256, x.Count, x.Bytes)));
            Assert.Equal(manifest with { Shards = joined.Shards, Shape = joined.Shape, Classes = joined.Classes, ClassCounts = joined.ClassCounts, NullText = joined.NullText }, joined);
            Assert.Equal(manifest.NullText?.Sha256, joined.NullText?.Sha256);
            Assert.Equal(text && kind == JobKind.Encode, joined is { Text: not null, NullText: not null });
            Assert.Equal(manifest.ClassCounts, joined.ClassCounts);
            Assert.Equal(manifest.Classes, joined.Classes);
            Assert.Equal(kind == JobKind.Encode && precision == "fp16" ? TensorType.F16 : null, joined.Type);
            Assert.Equal(parts, actual.Metrics["parts"]);
            Assert.True(actual.Metrics["images-per-second"] > 0 && actual.Metrics["core-seconds"] > 0);
        }

        var (read, cutRead) = (Result(one, JobKind.Ingest), Result(many, JobKind.Ingest));
        foreach (var name in new[] { "samples", "samples.test", "captions", "bad-files", "duplicates", "class.0", "class.1", "images.png", "read-images" })
        {
            Assert.Equal(read.Metrics[name], cutRead.Metrics[name]);
        }

        Assert.Equal((2, 2), ((int)read.Metrics["duplicates"], (int)(await ShardManifest.LoadAsync(one, read.Outputs["manifest-test"])).Shards.Count - 2));
        foreach (var role in new[] { "captions", "captions-test", "bad-files" })
        {
            Assert.Equal(read.Outputs[role].Sha256, cutRead.Outputs[role].Sha256);
        }

        // With text, every image has a caption, if only its class's name; what prompts are read with is kept by the job that joins.
        Assert.Equal(text ? read.Metrics["samples"] : 19 - (duplicates == "drop" ? 1 : 0), read.Metrics["captions"]);
        Assert.Equal(["captions", "captions-test"], read.Outputs.Keys.Where(x => x.StartsWith("captions", StringComparison.Ordinal)).Order());
        Assert.Equal(text, Result(many, JobKind.Encode).Outputs.ContainsKey("text-encoder"));
        Assert.Equal(Result(one, JobKind.Encode).Outputs.GetValueOrDefault("text-encoder")?.Sha256, Result(many, JobKind.Encode).Outputs.GetValueOrDefault("text-encoder")?.Sha256);

        // The id is the number in the source, whatever was left out.
        var images = await SampleSet.LoadAsync(many, cutRead.Outputs["manifest"]);
        Assert.DoesNotContain(5L, images.Ids);
        Assert.Contains(59L - 1, images.Ids);
    }

    [FashionMnistFact]
    public async Task Fashion_mnist_falls_into_meaningful_clusters()
    {
        var spec = _spec with
        {
            Data = FashionMnistFactAttribute.Data with { Limit = 2000 },
            Autoencoder = null,
            Clustering = new ClusteringSpec { Dimension = 32, FineClusters = 64, Restarts = 2 },
        };
        var store = Store("store");
        foreach (var kind in new[] { JobKind.Ingest, JobKind.Extract })
        {
            await RunAsync(store, spec, kind);
        }

        var assign = await RunAsync(store, spec, JobKind.Assign);

        // A random partition into eight has a purity of about 0.12; pixels give about 0.5.
        Assert.InRange(assign.Metrics["purity"], 0.45, 0.7);
        Assert.InRange(assign.Metrics["largest-share"], 0.125, 0.35);
    }

    private static JobResult Result(IBlobStore store, JobKind kind) => JobContext.Await(JobFence.ReadResultAsync(store, new JobId("bars", kind)))!;

    private static async Task<JobContext> ContextAsync(IBlobStore store, RunSpec spec, JobId id, string[]? roots, IJobReporter? reporter = null) => new()
    {
        Spec = spec,
        Job = id,
        Store = store,
        Fence = await JobFence.TakeOverAsync(store, id, "test", Guid.NewGuid().ToString("N"), "start"),
        Reporter = reporter ?? new RecordingReporter(),
        SourceRoots = roots,
    };

    private static Task<JobResult> RunAsync(IBlobStore store, RunSpec spec, JobKind kind, string[]? roots = null) => RunAsync(store, spec, new JobId(spec.Name, kind), roots);

    // As a worker runs it: within the scope of its job.
    private static async Task<JobResult> RunAsync(IBlobStore store, RunSpec spec, JobId id, string[]? roots = null)
    {
        store = ScopedBlobStore.ForJob(store, id);
        JobRegistry.Create(id.Kind).Run(await ContextAsync(store, spec, id, roots));
        return (await JobFence.ReadResultAsync(store, id))!;
    }

    // An autoencoder with weights of no meaning, finished as its job would leave it.
    private static async Task<byte[]> AutoencoderAsync(IBlobStore store, RunSpec spec, int channels = 1)
    {
        byte[] weights;
        using (var scope = torch.NewDisposeScope())
        using (var guard = torch.no_grad())
        using (var model = new Autoencoder(channels, 4, 4))
        {
            foreach (var (name, parameter) in model.named_parameters())
            {
                var values = Clustering.KMeansTests.Normals((int)parameter.numel(), (ulong)name.Length);
                parameter.copy_(torch.tensor(values).reshape(parameter.shape) * 0.2);
            }

            var metadata = new Dictionary<string, string>();
            new LatentScale([0, 0.1f, 0.2f, 0.3f], [2, 2, 2, 2]).AddTo(metadata);
            weights = WeightFile.Save(model, metadata);
        }

        var id = new JobId(spec.Name, JobKind.TrainAutoencoder);
        var fence = await JobFence.TakeOverAsync(store, id, "test", Guid.NewGuid().ToString("N"), "start");
        var entry = await fence.PutOutputAsync("model.safetensors", weights);
        await fence.CommitResultAsync(new JobResult { Job = id, Outputs = new Dictionary<string, BlobEntry> { ["model"] = entry } });
        return weights;
    }

    /// <summary>Ends a job early, as a lost worker does: what it uploaded stays, and nothing names it.</summary>
    private sealed class StopAtProgress(int reports) : IJobReporter
    {
        private int _left = reports;

        public JobContext? Context { get; set; }

        public void Ready(long step, long total)
        {
        }

        public void Progress(long step, long total, double rate, string unit)
        {
            if (--_left <= 0)
            {
                Context!.RequestStop("lost");
            }
        }

        public void Metric(string name, double value, long step)
        {
        }

        public void Preview(string blob, long step)
        {
        }

        public void Committed(long step, long bytes, double seconds)
        {
        }

        public void Log(string message)
        {
        }
    }

    private LocalBlobStore Store(string name) => new(Path.Combine(_files.Folder, name), TimeProvider.System);
}
