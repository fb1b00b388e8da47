using System.Text.Json;
using System.Text.Json.Nodes;
using Paris.Benchmarks.Published;
using Paris.Core;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Paris.Models.Autoencoders;
using Paris.Models.Encoders;
using Paris.Training.Jobs;
using Paris.Training.Tests.Data;
using Paris.Training.Tests.Jobs;
using Paris.Training.Text;
using Xunit;

namespace Paris.Training.Tests.Interop;

/// <summary>What an export leaves out, the import cannot draw: a run trained here, exported and imported, draws its own pictures to the bit.</summary>
public sealed class ExportedRunTests : IDisposable
{
    private readonly SourceFiles _files = new();
    private readonly LocalBlobStore _store;

    public ExportedRunTests() => _store = new LocalBlobStore(Path.Combine(_files.Folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    [Theory]
    [InlineData("none", false)]
    [InlineData("words", false)]
    [InlineData("words", true)]
    [InlineData("clip", true)]
    public async Task ARunDrawsTheSameAfterExportAndImport(string text, bool latents)
    {
        var spec = Spec(text, latents);
        Train(spec);
        var copy = await ThroughAFolderAsync(spec.Name);

        string[]? prompts = text == "none" ? null : ["down", "up", "an up and a down"];
        foreach (var strategy in new[] { "cluster-first", "top-2" })
        {
            var (before, after) = (Draw(spec, strategy, prompts), Draw(copy, strategy, prompts));
            Assert.Equal(before.Outputs["grid"].Sha256, after.Outputs["grid"].Sha256);
            Assert.Equal(before.Outputs["routing"].Sha256, after.Outputs["routing"].Sha256);
            if (prompts is not null)
            {
                Assert.NotEqual(before.Outputs["grid"].Sha256, Draw(copy, strategy, ["up"]).Outputs["grid"].Sha256);
            }
        }

        // Once more: nothing is lost on the way that the first trip did not need.
        var again = await ThroughAFolderAsync(copy.Name);
        Assert.Equal(Draw(copy, "top-2", prompts).Outputs["grid"].Sha256, Draw(again, "top-2", prompts).Outputs["grid"].Sha256);
    }

    [Fact]
    public async Task TheEnsembleInUseIsExportedAndItsExpertsCountedAnew()
    {
        var spec = BarsRun.Spec(_files, "bars", clusters: 3);
        Train(spec);
        var revision = EnsembleRevision.First(spec).With(new EnsembleChange { Change = EnsembleChangeKind.Remove, Expert = 1 }, 2);
        await PutAsync(EnsembleRevision.BlobName("bars", 2), revision);
        var router = new JobId("bars", JobKind.TrainRouter, Revision: 2);
        JobRegistry.Create(JobKind.TrainRouter).Run(new JobRunner(_store, spec, _files.Folder).Context(router));

        // An order that is not in use yet is not what is exported.
        Assert.Equal(3, (await ThroughAFolderAsync("bars", "early")).Clustering.Clusters);
        await PutAsync(EnsembleState.BlobName("bars"), new EnsembleState { Current = 2 });
        var copy = await ThroughAFolderAsync("bars", "late");

        var sizes = new JobRunner(_store, spec, _files.Folder).Result(JobKind.Partition).Metrics;
        Assert.Equal([(long)sizes["size.cluster.0"], (long)sizes["size.cluster.2"]], copy.Import!.ClusterSizes);
        foreach (var strategy in new[] { "cluster-first", "full" })
        {
            Assert.Equal(Draw(spec, strategy, null, revision: 2).Outputs["grid"].Sha256, Draw(copy, strategy, null).Outputs["grid"].Sha256);
        }

        var card = File.ReadAllText(Path.Combine(_files.Folder, "late", "README.md"));
        Assert.Contains("2 expert diffusion transformers", card, StringComparison.Ordinal);
        Assert.Contains("revision 2 of the ensemble", card, StringComparison.Ordinal);
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(_files.Folder, "late", "model_index.json")))!;
        Assert.Equal((2, "DDMPipeline", null), ((int)index["num_experts"]!, (string)index["_class_name"]!, index["vae"]));
    }

    /// <summary>As the released folder is laid out, CLIP and autoencoder included; what is drawn follows the prompt.</summary>
    [Fact]
    public async Task PromptsAreReadByTheTextEncoderThatCameAlong()
    {
        var folder = Path.Combine(_files.Folder, "released");
        var released = Released();
        released.Write(folder);
        var import = new EnsembleImport(_store, PublishedEnsemble.Read(folder), "released");
        await import.RunAsync();
        var spec = import.Spec;

        Assert.Equal((50, "flowmatch-euler", 7.5), (spec.Sampling.Steps, spec.Sampling.Grid, spec.Sampling.GuidanceScale));
        var one = Draw(spec, "top-1", ["a lighthouse"]);
        Assert.Equal(one.Outputs["grid"].Sha256, Draw(spec, "top-1", ["a lighthouse"], id: "again").Outputs["grid"].Sha256);
        Assert.NotEqual(one.Outputs["grid"].Sha256, Draw(spec, "top-1", ["a lighthouse at dusk"]).Outputs["grid"].Sha256);
        using (var own = ClipTextEncoder.Open(ClipTextFiles.Find(folder)))
        using (var imported = TextEncoders.Load(new JobRunner(_store, spec, _files.Folder).Context(new JobId("released", JobKind.Sample, "text"))))
        {
            Assert.Equal(own.Encode(["a lighthouse"]).Sequence, imported.Encode(["a lighthouse"]).Sequence);
        }

        // An encoder of another width is told, not run.
        var other = Path.Combine(_files.Folder, "other");
        (released with { Expert = released.Expert with { TextEmbedDim = 48 } }).Write(other);
        var wrong = new EnsembleImport(_store, PublishedEnsemble.Read(other), "other");
        await wrong.RunAsync();
        Assert.Contains("'expert.model.textDim' is 48, but the text encoder is 32 wide", Assert.Throws<ParisInputException>(() => Draw(wrong.Spec, "top-1", ["x"])).Message, StringComparison.Ordinal);
        Assert.Contains("give some", Assert.Throws<ParisInputException>(() => Draw(spec, "top-1", null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("router/config.json", "conditioning", "\"words\"", "pooled-text")]
    [InlineData("config.json", "cluster_sizes", "[3]", "2 counts of samples")]
    [InlineData("config.json", "sampling", "{\"steps\":0,\"grid\":\"uniform\",\"guidance_scale\":1}", "steps from 1")]
    public void FieldsOfOursAreCheckedLikeTheOthers(string file, string field, string value, string message)
    {
        var folder = Path.Combine(_files.Folder, "released");
        Released().Write(folder);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file)))!;
        config[field] = JsonNode.Parse(value);
        File.WriteAllText(Path.Combine(folder, file), config.ToJsonString());

        Assert.Contains(message, Assert.Throws<ParisInputException>(() => PublishedEnsemble.Read(folder)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Dispose();

    private static SyntheticEnsemble Released() => new()
    {
        Experts = 2,
        Side = 8,
        Spread = 0.2f,
        Type = Paris.Core.Formats.TensorType.F32,
        Expert = new PublishedExpertConfig { HiddenSize = 16, NumLayers = 1, NumHeads = 2, PatchSize = 2, InChannels = 4, OutChannels = 4, UseTextConditioning = true, TextEmbedDim = 32, CfgDropoutProb = 0.1 },
        Router = new PublishedRouterConfig { HiddenSize = 16, NumLayers = 1, NumHeads = 2, PatchSize = 2, InChannels = 4 },
        Text = new ClipTextShape(32, 2, 2, Vocabulary: 600, Context: 16, MlpHidden: 64, EndToken: 599),
        Autoencoder = new AutoencoderKLShape([8, 8, 8], BlocksPerLevel: 1, Groups: 4),
    };

    private RunSpec Spec(string text, bool latents)
    {
        var spec = BarsRun.Spec(_files, "bars");
        if (latents)
        {
            spec = spec with { Autoencoder = new AutoencoderSpec { LatentChannels = 2, Width = 4, Training = spec.Expert.Training with { Steps = 150, LearningRate = 1e-2 } } };
        }

        if (text == "none")
        {
            return spec;
        }

        var clip = Path.Combine(_files.Folder, "clip");
        if (text == "clip")
        {
            Released().Write(clip);
        }

        var width = text == "clip" ? 32 : 6;
        return spec with
        {
            // 16 tokens are the encoder's; fewer must survive the trip.
            Text = text == "clip" ? new TextSpec { Encoder = "clip", Weights = clip, Tokens = 9 } : new TextSpec { Encoder = "words", Dimension = width },
            Expert = spec.Expert with { Model = spec.Expert.Model with { Condition = "text", TextDim = width } },
            Router = spec.Router with { Model = spec.Router.Model with { Conditioning = ModelSpec.PooledText, TextDim = width } },
            Sampling = spec.Sampling with { GuidanceScale = 40 }, // so that twelve steps of training show
        };
    }

    private void Train(RunSpec spec)
    {
        JobContext.Await(_store.PutAsync($"runs/{spec.Name}/spec.json", RunSpecJson.Serialize(spec), PutCondition.Absent));
        var runner = new JobRunner(_store, spec, _files.Folder);
        JobKind[] data = [JobKind.Ingest, .. spec.Autoencoder is null ? [] : (JobKind[])[JobKind.TrainAutoencoder], JobKind.Extract, JobKind.Assign, .. spec.NeedsEncoding() ? (JobKind[])[JobKind.Encode] : [], JobKind.Partition];
        foreach (var kind in data)
        {
            runner.Run(kind);
        }

        for (var k = 0; k < spec.Clustering.Clusters; k++)
        {
            runner.Run(JobKind.TrainExpert, $"{k}");
        }

        runner.Run(JobKind.TrainRouter);
    }

    private async Task<RunSpec> ThroughAFolderAsync(string run, string? name = null)
    {
        name ??= run + "-copy";
        var folder = Path.Combine(_files.Folder, name);
        await new EnsembleExport(_store, run, new ExportNotes()).RunAsync(folder);
        var import = new EnsembleImport(_store, PublishedEnsemble.Read(folder), name);
        await import.RunAsync();
        return RunSpecReader.Parse(System.Text.Encoding.UTF8.GetString((await _store.GetAsync($"runs/{name}/spec.json"))!.Bytes), "spec.json").Spec;
    }

    private Task PutAsync<T>(string name, T value) => _store.PutAsync(name, JsonSerializer.SerializeToUtf8Bytes(value, WorkerProtocol.Json), PutCondition.Always);

    private JobResult Draw(RunSpec spec, string strategy, IReadOnlyList<string>? prompts, int? revision = null, string id = "")
    {
        id = $"{strategy}-{prompts?.Count ?? 0}{(prompts is null ? "" : $"-{prompts[0].Length}")}{id}";
        var job = new JobId(spec.Name, JobKind.Sample, id);
        JobContext.Await(PutAsync(SampleOrder.BlobName(job), new SampleOrder { Strategy = strategy, Count = 5, Seed = 5, Steps = 4, Prompts = prompts, Revision = revision }));
        return new JobRunner(_store, spec, _files.Folder).Run(JobKind.Sample, id);
    }
}
