using System.Text.Json;
using System.Text.Json.Nodes;
using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Core.Scheduling;
using Paris.Core.Specs;
using Paris.Core.Storage;
using Xunit;

namespace Paris.Core.Tests.Interop;

/// <summary>The published layout in and out, on the golden fixture paris-tiny and on damaged copies of it.</summary>
public sealed class PublishedEnsembleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-interop-").FullName;
    private readonly LocalBlobStore _store;

    public PublishedEnsembleTests() => _store = new LocalBlobStore(Path.Combine(_folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });

    private static string Fixture
    {
        get
        {
            if (Environment.GetEnvironmentVariable("PARIS_FIXTURES") is { Length: > 0 } named)
            {
                return Path.Combine(named, "paris-tiny");
            }

            for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                var fixture = Path.Combine(folder.FullName, "tests", "fixtures", "paris-tiny");
                if (Directory.Exists(fixture))
                {
                    return fixture;
                }
            }

            throw new DirectoryNotFoundException("tests/fixtures was not found above the test's folder; set PARIS_FIXTURES.");
        }
    }

    [Fact]
    public async Task ImportThenExportGivesByteEqualTensors()
    {
        var ensemble = PublishedEnsemble.Read(Fixture);
        var parts = new List<string>();
        await new EnsembleImport(_store, ensemble, "tiny").RunAsync((part, done, total) => parts.Add($"{part} {done <= total}"));
        var folder = Path.Combine(_folder, "out");
        await new EnsembleExport(_store, "tiny", new ExportNotes(Licence: "MIT")).RunAsync(folder);

        Assert.Equal(ensemble.Experts.Count + 1, parts.Count);
        foreach (var file in Directory.EnumerateFiles(Fixture, "*.safetensors", SearchOption.AllDirectories).Where(x => Path.GetFileName(x).Contains("pytorch_model", StringComparison.Ordinal)))
        {
            using var before = SafetensorsFile.Open(file);
            using var after = SafetensorsFile.Open(Path.Combine(folder, Path.GetRelativePath(Fixture, file)));
            Assert.Equal(before.Tensors.Select(x => x.Spec), after.Tensors.Select(x => x.Spec));
            Assert.All(before.Tensors, x => Assert.True(before.View<byte>(x.Name).SequenceEqual(after.View<byte>(x.Name)), x.Name));
        }

        foreach (var file in new[] { "config.json", "model_index.json", "expert_1/config.json", "router/config.json" })
        {
            var before = JsonNode.Parse(File.ReadAllText(Path.Combine(Fixture, file)))!.AsObject();
            var after = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file)))!.AsObject();
            Assert.True(JsonNode.DeepEquals(before, after), $"{file}: {after.ToJsonString()}");
        }

        var card = File.ReadAllText(Path.Combine(folder, "README.md"));
        Assert.Contains("license: MIT", card, StringComparison.Ordinal);
        Assert.Contains($"{ensemble.Experts.Count} expert diffusion transformers", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheImportedRunIsCompleteAndMayBeRepeated()
    {
        var ensemble = PublishedEnsemble.Read(Fixture);
        var import = new EnsembleImport(_store, ensemble, "tiny");
        await import.RunAsync();
        await import.RunAsync();

        var blob = await _store.GetAsync("runs/tiny/spec.json");
        var spec = RunSpecJson.Read(blob!.Bytes, "spec");
        Assert.Equal("text", spec.Expert.Model.Condition);
        Assert.Equal((ensemble.Config.NumChannels, ensemble.Config.ImageSize), spec.LatentShape());
        var plan = RunPlan.For(spec);
        Assert.Equal([.. Enumerable.Range(0, ensemble.Experts.Count).Select(k => $"tiny/expert/{k}"), "tiny/router"], plan.Select(x => x.Id.Key));
        foreach (var job in plan)
        {
            var head = await JobFence.ReadHeadAsync(_store, job.Id);
            Assert.Equal((1, true), (head!.Epoch, head.Result is not null));
        }

        var other = PublishedEnsemble.Read(Copy(x => x["config.json"]!["dataset_name"] = "other"));
        Assert.Contains("is not this import", (await Assert.ThrowsAsync<ParisInputException>(() => new EnsembleImport(_store, other, "tiny").RunAsync())).Message);
    }

    [Fact]
    public async Task WrongWeightsAreRefusedBeforeAnythingIsWritten()
    {
        var folder = Copy(_ => { });
        var path = Path.Combine(folder, "expert_2", PublishedEnsemble.ExpertWeights);
        List<TensorData> tensors = [];
        using (var file = SafetensorsFile.Open(path))
        {
            tensors.AddRange(file.Tensors.Where(x => x.Name != "t_block.1.bias").Select(x => TensorData.Of(x.Name, file.ToSingles(x.Name), [.. x.Shape])));
            tensors.Add(TensorData.Of("extra", new float[] { 1 }, 1));
        }

        File.WriteAllBytes(path, SafetensorsWriter.ToBytes(tensors));

        var error = await Assert.ThrowsAsync<ParisInputException>(() => new EnsembleImport(_store, PublishedEnsemble.Read(folder), "tiny").RunAsync());

        Assert.Contains("missing 't_block.1.bias'", error.Message);
        Assert.Contains("unexpected 'extra'", error.Message);
        await foreach (var blob in _store.ListAsync("runs/"))
        {
            Assert.Fail($"{blob.Name} was written");
        }
    }

    [Theory]
    [InlineData("config.json", "num_experts", 5, "expert_4/config.json is missing")]
    [InlineData("expert_1/config.json", "expert_id", 3, "expert_id is 3, not 1")]
    [InlineData("expert_1/config.json", "text_embed_dim", 64, "differs from expert_0 in its condition")]
    [InlineData("router/config.json", "num_clusters", 7, "7 clusters")]
    [InlineData("router/config.json", "num_heads", 3, "sizes that do not fit together")]
    public void ConfigurationsThatContradictEachOtherAreNamed(string file, string field, int value, string message)
    {
        var folder = Copy(x => x[file]![field] = value);

        Assert.Contains(message, Assert.Throws<ParisInputException>(() => PublishedEnsemble.Read(folder)).Message);
    }

    /// <summary>Expert 1 half as wide, another learning the noise: both come back as they went.</summary>
    [Fact]
    public async Task ExpertsOfSeveralSizesAndObjectivesGoInAndOut()
    {
        PublishedExpertConfig? narrow = null;
        var folder = Copy(x =>
        {
            var config = x["expert_1/config.json"]!;
            config["hidden_size"] = (int)config["hidden_size"]! / 2;
            config["num_heads"] = 1;
            x["expert_2/config.json"]!["objective"] = "ddpm";
        });
        narrow = PublishedJson.Read<PublishedExpertConfig>(Path.Combine(folder, "expert_1", "config.json"));
        Assert.Contains("does not fit expert_1/config.json", (await Assert.ThrowsAsync<ParisInputException>(() => new EnsembleImport(_store, PublishedEnsemble.Read(folder), "mixed").RunAsync())).Message);
        var side = PublishedJson.Read<PublishedConfig>(Path.Combine(folder, "config.json")).ImageSize;
        File.WriteAllBytes(Path.Combine(folder, "expert_1", PublishedEnsemble.ExpertWeights), SafetensorsWriter.ToBytes(
            [.. PublishedShapes.Expert(narrow, side).Select(x => TensorData.OfSingles(x.Key, TensorType.F16, new float[x.Value.Aggregate(1L, (a, b) => a * b)], x.Value))]));

        await new EnsembleImport(_store, PublishedEnsemble.Read(folder), "mixed").RunAsync();
        var spec = RunSpecJson.Read((await _store.GetAsync("runs/mixed/spec.json"))!.Bytes);
        Assert.Equal(narrow.HiddenSize, spec.ExpertOf(1).Model.Hidden);
        Assert.Equal(2 * narrow.HiddenSize, spec.ExpertOf(0).Model.Hidden);
        Assert.True(spec.Expert.LearnsNoise(2) && !spec.Expert.LearnsNoise(1));

        var output = Path.Combine(_folder, "out");
        await new EnsembleExport(_store, "mixed", new ExportNotes()).RunAsync(output);
        foreach (var file in new[] { "expert_0/config.json", "expert_1/config.json", "expert_2/config.json" })
        {
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(Path.Combine(folder, file))), JsonNode.Parse(File.ReadAllText(Path.Combine(output, file)))), file);
        }

        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "expert_1", PublishedEnsemble.ExpertWeights)), File.ReadAllBytes(Path.Combine(output, "expert_1", PublishedEnsemble.ExpertWeights)));
    }

    [Fact]
    public async Task AnExportNeedsFinishedModelsAndANewFolder()
    {
        await new EnsembleImport(_store, PublishedEnsemble.Read(Fixture), "tiny").RunAsync();
        var taken = Directory.CreateDirectory(Path.Combine(_folder, "taken")).FullName;
        Assert.Contains("exists", (await Assert.ThrowsAsync<ParisInputException>(() => new EnsembleExport(_store, "tiny", new ExportNotes()).RunAsync(taken))).Message);
        Assert.Contains("There is no run", (await Assert.ThrowsAsync<ParisInputException>(() => new EnsembleExport(_store, "none", new ExportNotes()).RunAsync(Path.Combine(_folder, "x")))).Message);

        // A blob that changed under its name is noticed, and no half-written folder stays.
        var model = (await JobFence.ReadResultAsync(_store, JobId.ForExpert("tiny", 1)))!.Outputs["model"];
        var bytes = (await _store.GetAsync(model.Name))!.Bytes;
        bytes[^1] ^= 1;
        await _store.PutAsync(model.Name, bytes, PutCondition.Always);
        Assert.Contains("is damaged", (await Assert.ThrowsAsync<ParisInputException>(() => new EnsembleExport(_store, "tiny", new ExportNotes()).RunAsync(Path.Combine(_folder, "y")))).Message);
        Assert.Equal(["store", "taken"], Directory.GetDirectories(_folder).Select(x => Path.GetFileName(x)!).Order());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A copy of the fixture with changed configuration files.</summary>
    private string Copy(Action<Dictionary<string, JsonNode?>> change)
    {
        var folder = Path.Combine(_folder, "copy");
        foreach (var file in Directory.EnumerateFiles(Fixture, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Fixture, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }

        var configs = Directory.EnumerateFiles(folder, "config.json", SearchOption.AllDirectories)
            .ToDictionary(x => Path.GetRelativePath(folder, x), x => JsonNode.Parse(File.ReadAllText(x)));
        change(configs);
        foreach (var (name, config) in configs)
        {
            File.WriteAllText(Path.Combine(folder, name), config!.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        }

        return folder;
    }
}
