using Paris.Core.Specs;
using Xunit;

namespace Paris.Core.Tests.Specs;

public sealed class RunSpecReaderTests
{
    private const string Small = """
        name: small
        data:
          images: train.gz
        expert:
          model:
            preset: nano
          training: { steps: 2000, emaDecay: 0.99 }
        router:
          model: { hidden: 64, layers: 1, heads: 2 }
          training: { steps: 2000, emaDecay: 0.99 }
        """;

    [Fact]
    public void MissingKeysTakeTheDefaultsOfTheirPlace()
    {
        var (spec, warnings) = RunSpecReader.Parse(Small, "run.yaml");
        Assert.Empty(warnings);
        Assert.Equal(("small", 42UL, "idx", 32, 8), (spec.Name, spec.Seed, spec.Data.Kind, spec.Data.ImageSize, spec.Clustering.Clusters));
        Assert.Equal((64, 2, 4, 2), (spec.Expert.Model.Hidden, spec.Expert.Model.Layers, spec.Expert.Model.Heads, spec.Expert.Model.Patch));
        Assert.Equal((2000, 128, 1e-4), (spec.Expert.Training.Steps, spec.Expert.Training.Batch, spec.Expert.Training.LearningRate));
        Assert.Null(spec.Autoencoder);

        // A partly given autoencoder keeps the autoencoder's defaults, not an expert's.
        var training = RunSpecReader.Parse(Small + "\nautoencoder: { training: { steps: 100 } }\n", "run.yaml").Spec.Autoencoder!.Training;
        Assert.Equal(new AutoencoderSpec().Training with { Steps = 100 }, training);
    }

    [Fact]
    public void AnExpertMayDifferFromTheOthers()
    {
        var (spec, warnings) = RunSpecReader.Parse(Small + "\nexperts:\n- { expert: 3, model: { preset: micro, layers: 3 }, batch: 32, precision: bf16, resources: { memory: 40 } }\n- expert: 5\n", "run.yaml");
        var own = spec.ExpertOf(3);
        Assert.Equal((96, 3, 4, 2, 4.0), (own.Model.Hidden, own.Model.Layers, own.Model.Heads, own.Model.Patch, own.Model.MlpRatio));
        Assert.Equal((2000, 32, "bf16", 40.0), (own.Training.Steps, own.Training.Batch, own.Training.Precision, own.Resources!.Memory));
        Assert.Equal(spec.Expert, spec.ExpertOf(2));
        Assert.Equal(["'experts[1]' says nothing of expert 5 that 'expert' does not say."], warnings);
        Assert.Equal(RunSpecJson.Hash(spec), RunSpecJson.Hash(RunSpecJson.Read(RunSpecJson.Serialize(spec))));
    }

    [Fact]
    public void YamlAndJsonGiveEqualSpecifications()
    {
        var spec = RunSpecReader.Parse(Small, "run.yaml").Spec;
        var json = System.Text.Encoding.UTF8.GetString(RunSpecJson.Serialize(spec));
        Assert.Equal(RunSpecJson.Hash(spec), RunSpecJson.Hash(RunSpecReader.Parse(json, "spec.json").Spec));
        Assert.Equal(RunSpecJson.Hash(spec), RunSpecJson.Hash(RunSpecReader.Parse(json).Spec));
        Assert.Equal(RunSpecJson.Hash(spec), RunSpecJson.Hash(RunSpecJson.Read(RunSpecJson.Serialize(spec))));
        Assert.Equal(RunSpecJson.Hash(spec), RunSpecJson.Hash(RunSpecReader.Parse(json.Replace("\n", "\r\n\t", StringComparison.Ordinal), "spec.json").Spec));
        Assert.Equal(RunSpecJson.Hash(spec), RunSpecJson.Hash(RunSpecReader.Parse("{ \"$schema\": \"run-spec.schema.json\"," + json[1..], "spec.json").Spec));
        Assert.NotEqual(RunSpecJson.Hash(spec), RunSpecJson.Hash(spec with { Seed = 43 }));
    }

    /// <summary>Bytes that a stored run is compared with: they must not change between versions without a reason.</summary>
    [Fact]
    public void CanonicalBytesAreStable()
    {
        var text = System.Text.Encoding.UTF8.GetString(RunSpecJson.Serialize(RunSpecReader.Parse(Small).Spec));
        Assert.StartsWith("{\n  \"name\": \"small\",\n  \"seed\": 42,\n  \"data\": {\n    \"kind\": \"idx\",\n    \"images\": \"train.gz\",\n    \"labels\": null,", text, StringComparison.Ordinal);
        Assert.Contains("\"learningRate\": 0.0001,", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
    }

    [Fact]
    public void OverridesAreLaidOverTheText()
    {
        var spec = RunSpecReader.Parse(Small, "run.yaml", ["expert.model.preset=mini", "evaluation.strategies=[top-1, full]", "seed=7", "autoencoder.width=12", "data.images=a=b"]).Spec;
        Assert.Equal((256, 6), (spec.Expert.Model.Hidden, spec.Expert.Model.Layers));
        Assert.Equal(["top-1", "full"], spec.Evaluation.Strategies);
        Assert.Equal((7UL, 12, "a=b"), (spec.Seed, spec.Autoencoder!.Width, spec.Data.Images));
        Assert.Equal("'expert.steps=1': unknown key 'expert.steps'; known are model, training, init, resources, objectives.", Error("expert.steps=1"));
        Assert.StartsWith("'seed=x', line 1: 'seed' is 'x'", Error("seed=x"), StringComparison.Ordinal);
        Assert.Equal("'seed' is no assignment; write it like 'expert.training.steps=200'.", Error("seed"));
        Assert.Equal("'a..b=1' is no assignment; write it like 'expert.training.steps=200'.", Error("a..b=1"));

        static string Error(string assignment) => Assert.Throws<ParisInputException>(() => RunSpecReader.Parse(Small, "run.yaml", [assignment])).Message;
    }

    [Fact]
    public void Experts_have_objectives_by_their_number()
    {
        var expert = RunSpecReader.Parse(Small, "run.yaml", ["expert.objectives=[ddpm, flow, ddpm]"]).Spec.Expert;
        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(expert.LearnsNoise));
        Assert.False(RunSpecReader.Parse(Small).Spec.Expert.LearnsNoise(0));

        Assert.Contains("'expert.objectives' is 'dpm'; did you mean 'ddpm'?", Error("expert.objectives=[dpm]"), StringComparison.Ordinal);
        Assert.Contains("'expert.objectives' has 2 entries, more than the 1 clusters", Error("expert.objectives=[flow, ddpm]", "clustering.clusters=1"), StringComparison.Ordinal);
        Assert.Contains("'router.objectives' cannot be given", Error("router.objectives=[flow]"), StringComparison.Ordinal);

        static string Error(params string[] assignments) => Assert.Throws<ParisInputException>(() => RunSpecReader.Parse(Small, "run.yaml", assignments)).Message;
    }

    [Fact]
    public void AnchorsAndQuotesWork()
    {
        const string Text = """
            name: "007"
            data: { images: 'x', classes: [1, "2", yes] }
            expert: &model { model: { preset: tiny }, training: { emaDecay: 0.9 } }
            router: *model
            """;
        var spec = RunSpecReader.Parse(Text).Spec;
        Assert.Equal("007", spec.Name);
        Assert.Equal(["1", "2", "yes"], spec.Data.Classes);
        Assert.Equal(spec.Expert, spec.Router);
    }

    [Theory]
    [InlineData("", "run.yaml is empty.")]
    [InlineData("# nothing", "run.yaml is empty.")]
    [InlineData("- a", "run.yaml, line 1: a specification should be a group of keys: name, seed, data")]
    [InlineData("name: a\n---\nname: b", "run.yaml holds more than one document.")]
    [InlineData("name: a\nexpert: [", "run.yaml, line 3: this is not YAML (")]
    [InlineData("name: a\nname: b", "run.yaml, line 2: key 'name' occurs twice.")]
    [InlineData("name: !!int 5", "run.yaml, line 1: the tag 'tag:yaml.org,2002:int' has no meaning here; remove it.")]
    [InlineData("name: *x", "run.yaml, line 1: there is no anchor 'x' before this alias.")]
    [InlineData("name: &x [*x]", "run.yaml, line 1: there is no anchor 'x' before this alias.")]
    [InlineData("? [a]\n: b", "run.yaml, line 1: a key must be plain text.")]
    [InlineData("name: a", "run.yaml, line 1: the key 'data' is missing.")]
    [InlineData("name: a\ndata: {images: x}\nexpert: {}\nrouter: {model: {preset: nano}}", "run.yaml, line 3: the key 'expert.model' is missing.")]
    public void BadTextIsOneSentence(string text, string message) => AssertError(text, message);

    [Theory]
    [InlineData("{", "run.json, line 1: this is not JSON (")]
    [InlineData("{\n\"name\": \"a\",\n\"seed\": \"1\"}", "run.json, line 3: 'seed' should be a whole number from 0 to 18446744073709551615.")]
    [InlineData("{\"name\": \"a\", \"name\": \"b\"}", "run.json, line 1: key 'name' occurs twice.")]
    [InlineData("{\"nam\": \"a\"}", "run.json, line 1: unknown key 'nam'; did you mean 'name'?")]
    [InlineData("{} {}", "run.json, line 1: this is not JSON (")]
    [InlineData("{\"name\": \"\\ud800\"}", "run.json is not JSON (a string is not Unicode).")]
    [InlineData("[1]", "run.json, line 1: a specification should be a group of keys")]
    public void BadJsonIsOneSentence(string text, string message)
    {
        var error = Assert.Throws<ParisInputException>(() => RunSpecReader.Parse(text, "run.json")).Message;
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }

    [Theory]
    [InlineData("training: { steps: 2000,", "trainng: { steps: 2000,", "run.yaml, line 7: unknown key 'expert.trainng'; did you mean 'training'?")]
    [InlineData("data:", "dataset: x\ndata:", "run.yaml, line 2: unknown key 'dataset'; known are name, seed, data, autoencoder")]
    [InlineData("name: small", "name: Small!", "run.yaml, line 1: 'name' is 'Small!'; use 1 to 63 lower-case letters and digits, with single hyphens between them.")]
    [InlineData("name: small", "name:", "run.yaml, line 1: 'name' is empty; it should be text.")]
    [InlineData("name: small", "name: [a]", "run.yaml, line 1: 'name' should be text.")]
    [InlineData("name: small", "name: a\nseed: -1", "run.yaml, line 2: 'seed' is '-1'; it should be a whole number from 0 to 18446744073709551615.")]
    [InlineData("name: small", "name: a\ntwin: yes", "run.yaml, line 2: 'twin' is 'yes'; it should be true or false.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "steps: 1.5 }\nrouter", "run.yaml, line 7: 'expert.training.steps' is '1.5'; it should be a whole number.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "steps: \"5\" }\nrouter", "run.yaml, line 7: 'expert.training.steps' should be a whole number.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "steps: 0 }\nrouter", "run.yaml, line 7: 'expert.training.steps' is 0; it must be at least 1.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "learningRate: .nan }\nrouter", "run.yaml, line 7: 'expert.training.learningRate' is '.nan'; it should be a number.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "learningRate: 0 }\nrouter", "run.yaml, line 7: 'expert.training.learningRate' is 0; it must be above 0.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "emaDecay: 1 }\nrouter", "run.yaml, line 7: 'expert.training.emaDecay' is 1; it must be at least 0 and below 1.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "warmup: 2 }\nrouter", "run.yaml, line 7: 'expert.training.warmup' is 2; it must be from 0 to 1.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "schedule: liner }\nrouter", "run.yaml, line 7: 'expert.training.schedule' is 'liner'; did you mean 'linear'? allowed are constant, linear, cosine.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "precision: fp8 }\nrouter", "run.yaml, line 7: 'expert.training.precision' is 'fp8'; did you mean 'fp32'? allowed are fp32, bf16.")]
    [InlineData("steps: 2000, emaDecay: 0.99 }\nrouter", "batch: 10, accumulate: 3 }\nrouter", "run.yaml, line 7: 'expert.training.accumulate' is 3, which does not divide 'batch' (10).")]
    [InlineData("preset: nano", "preset: nono", "run.yaml, line 6: 'expert.model.preset' is 'nono'; did you mean 'nano'? allowed are nano, micro, tiny, mini, DiT-S/2, DiT-B/2, DiT-L/2, DiT-XL/2.")]
    [InlineData("preset: nano", "layers: 2", "run.yaml, line 5: 'expert.model.hidden' is missing: give it, or name a 'preset' (nano, micro,")]
    [InlineData("preset: nano", "preset: nano\n    heads: 5", "run.yaml, line 7: 'expert.model.heads' is 5, which does not divide 'hidden' (64).")]
    [InlineData("preset: nano", "preset: nano\n    patch: 5", "run.yaml, line 2: 'data.imageSize' is 32, which is not divisible by 'expert.model.patch' (5).")]
    [InlineData("images: train.gz", "images: train.gz\n  imageSize: 36\nautoencoder: { width: 8 }", "run.yaml, line 4: 'data.imageSize' is 36, which is not divisible by 8 (the autoencoder's 4 × 'expert.model.patch' 2).")]
    [InlineData("images: train.gz", "images: train.gz\n  imageSize: 36\nautoencoder: { weights: vae }", "run.yaml, line 4: 'data.imageSize' is 36, which is not divisible by 16 (the autoencoder's 8 × 'expert.model.patch' 2).")]
    [InlineData("images: train.gz", "images: train.gz\nautoencoder: { factor: 8 }", "run.yaml, line 4: 'autoencoder.factor' is 8, but the autoencoder that a run trains halves twice; leave it out, or name 'autoencoder.weights'.")]
    [InlineData("images: train.gz", "images: train.gz\nautoencoder: { weights: vae, factor: 12 }", "run.yaml, line 4: 'autoencoder.factor' is 12; an autoencoder halves its pictures, so it is 1, 2, 4, 8 and so on.")]
    [InlineData("images: train.gz", "images: train.gz\nautoencoder: { weights: ' ' }", "run.yaml, line 4: 'autoencoder.weights' is empty; it names a file or folder of AutoencoderKL weights.")]
    [InlineData("images: train.gz", "images: train.gz\nexperts: { batch: 4 }", "run.yaml, line 4: 'experts' should be a list of groups of keys: expert, model, batch, accumulate, precision, resources.")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- batch: 4", "run.yaml, line 5: the key 'experts[0].expert' is missing.")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- expert: 1\n- expert: 2\n  bath: 4", "run.yaml, line 7: unknown key 'experts[1].bath'; did you mean 'batch'?")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- expert: 8\n  batch: 4", "run.yaml, line 5: 'experts[0].expert' is 8, but the experts are 0 to 7.")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- { expert: 1, batch: 4 }\n- { expert: 1, precision: bf16 }", "run.yaml, line 6: 'experts[1].expert' is 1, which an entry before this one describes; write both in one.")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- { expert: 1, precision: fp8 }", "run.yaml, line 5: 'experts[0].precision' is 'fp8'; did you mean 'fp32'? allowed are fp32, bf16.")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- { expert: 1, model: { heads: 5 } }", "run.yaml, line 5: 'experts[0].model.heads' is 5, which does not divide 'hidden' (64).")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- { expert: 1, model: { preset: micro, patch: 5 } }", "run.yaml, line 2: 'data.imageSize' is 32, which is not divisible by 'experts[0].model.patch' (5).")]
    [InlineData("images: train.gz", "images: train.gz\nexperts:\n- { expert: 1, accumulate: 3 }", "run.yaml, line 5: 'experts[0].accumulate' does not fit: 3 micro-batches do not divide a batch of 128.")]
    [InlineData("    preset: nano", "    preset: nano\n  init: ../x", "run.yaml, line 7: 'expert.init' is '../x'; it names a run, or what 'paris import dit' made")]
    [InlineData("    preset: nano", "    preset: nano\n  init: small", "run.yaml, line 7: 'expert.init' names the run itself; give the new run another name.")]
    [InlineData("images: train.gz", "images: ''", "run.yaml, line 3: 'data.images' is empty; it names the IDX file of the images.")]
    [InlineData("images: train.gz", "images: x\n  kind: jpeg", "run.yaml, line 4: 'data.kind' is 'jpeg'; allowed are idx, folder, webdataset, list, none.")]
    [InlineData("images: train.gz", "images: x\n  channels: 2", "run.yaml, line 4: 'data.channels' is 2; it must be 1 (grey) or 3 (colour).")]
    [InlineData("images: train.gz", "images: x\n  channels: 3", "run.yaml, line 4: 'data.channels' is 3, but IDX images are grey; use 1.")]
    [InlineData("images: train.gz", "images: x\n  kind: folder\n  labels: y", "run.yaml, line 5: 'data.labels' belongs to the kind 'idx'")]
    [InlineData("images: train.gz", "images: x\n  testLabels: y", "run.yaml, line 4: 'data.testLabels' is given without 'data.testImages'.")]
    [InlineData("images: train.gz", "images: x\n  classes: [a, a]", "run.yaml, line 4: 'data.classes' names a class twice.")]
    [InlineData("images: train.gz", "images: x\n  limit: 5\nclustering: { clusters: 6, fineClusters: 6 }", "run.yaml, line 5: 'clustering.clusters' is 6, more than the 5 samples of 'data.limit'.")]
    [InlineData("images: train.gz", "images: x\n  limit: 50", "run.yaml: 'clustering.fineClusters' is 256, more than the 50 samples of 'data.limit'.")]
    [InlineData("images: train.gz", "images: x\nclustering: { clusters: 0 }", "run.yaml, line 4: 'clustering.clusters' is 0; it must be from 1 to 65535.")]
    [InlineData("images: train.gz", "images: x\nclustering: { clusters: 9, fineClusters: 8 }", "run.yaml, line 4: 'clustering.fineClusters' is 8; it must be at least 'clustering.clusters' (9).")]
    [InlineData("images: train.gz", "images: x\nclustering: { balanceLimit: 0.5 }", "run.yaml, line 4: 'clustering.balanceLimit' is 0.5; it must be 0 (no limit) or at least 1 (all clusters equal).")]
    [InlineData("images: train.gz", "images: x\nclustering: { dimension: 2000 }", "run.yaml, line 4: 'clustering.dimension' is 2000, more than an image's 1024 samples.")]
    [InlineData("images: train.gz", "images: x\nclustering: { extractor: clip }", "run.yaml, line 4: 'clustering.extractor' is 'clip'; allowed are pixels-pca, dinov2.")]
    [InlineData("images: train.gz", "images: x\nclustering: { extractor: dinov2 }", "run.yaml, line 4: 'clustering.weights' is missing: the extractor 'dinov2' needs the file or folder of its weights.")]
    [InlineData("images: train.gz", "images: x\nclustering: { weights: a }", "run.yaml, line 4: 'clustering.weights' belongs to the extractor 'dinov2'; the extractor is 'pixels-pca'.")]
    [InlineData("images: train.gz", "images: x\nclustering: { extractor: dinov2, weights: a, resizeSize: 200 }", "run.yaml, line 4: 'clustering.resizeSize' is 200, less than 'clustering.inputSize' (224), which is cut out of it.")]
    [InlineData("images: train.gz", "images: x\nsampling: { guidanceScale: 3 }", "run.yaml, line 4: 'sampling.guidanceScale' is 3, but the experts have no condition to be guided by; use 1, or set 'expert.model.condition'.")]
    [InlineData("images: train.gz", "images: x\nsampling: { grid: unifrm }", "run.yaml, line 4: 'sampling.grid' is 'unifrm'; did you mean 'uniform'? allowed are uniform, flowmatch-euler.")]
    [InlineData("images: train.gz", "images: x\nevaluation: { strategies: [top-1, top1] }", "run.yaml, line 4: 'evaluation.strategies' is 'top1'; did you mean 'top-1'? allowed are cluster-first, sticky, top-1,")]
    [InlineData("images: train.gz", "images: x\nevaluation: { strategies: [full, full] }", "run.yaml, line 4: 'evaluation.strategies' names 'full' twice.")]
    [InlineData("images: train.gz", "images: x\nevaluation: { strategies: top-1 }", "run.yaml, line 4: 'evaluation.strategies' should be a list.")]
    [InlineData("name: small", "name: small\nshare: 0", "run.yaml, line 2: 'share' is 0; it must be above 0 and at most 1000.")]
    [InlineData("    preset: nano", "    preset: nano\n  resources: { memory: -1 }", "run.yaml, line 7: 'expert.resources.memory' is -1; it must be from 0 to 65536.")]
    [InlineData("    preset: nano", "    preset: nano\n  resources: { memory: 40Gi }", "run.yaml, line 7: 'expert.resources.memory' is '40Gi'; it should be a number.")]
    [InlineData("    preset: nano", "    preset: nano\n  resources: { gpuModel: ' H100' }", "run.yaml, line 7: 'expert.resources.gpuModel' is ' H100'; use a part of the name that nvidia-smi shows, such as H100, without space around it.")]
    [InlineData("    preset: nano", "    preset: nano\n  resources: { minimumCompute: 1 }", "run.yaml, line 7: 'expert.resources.minimumCompute' is 1; a CUDA compute capability looks like 8.0 (A100) or 9.0 (H100).")]
    [InlineData("images: train.gz", "images: x\nevaluation: { strategies: [twin] }", "run.yaml, line 4: 'evaluation.strategies' names 'twin', but the run trains none; set 'twin: true'.")]
    [InlineData("images: train.gz", "images: x\nevaluation: { strategies: [top-k], topK: 9 }", "run.yaml, line 4: 'evaluation.topK' is 9, but there are 8 experts.")]
    [InlineData("preset: nano", "preset: nano\n    condition: class", "run.yaml, line 7: 'expert.model.condition' is 'class', but 'data.labels' names no labels.")]
    [InlineData("preset: nano", "preset: nano\n    condition: text", "run.yaml, line 7: 'expert.model.condition' is 'text', but there is no section 'text' that names the encoder")]
    public void MistakesAreOneSentenceWithLineAndKey(string old, string @new, string message)
    {
        Assert.Contains(old, Small, StringComparison.Ordinal);
        var text = Small.Replace(old, @new, StringComparison.Ordinal);
        AssertError(text, message);
    }

    [Fact]
    public void DeepAndLongTextIsRefused()
    {
        AssertError("name: " + new string('[', 100_000), "run.yaml, line 1: this is nested deeper than 32 levels.");
        AssertError("name: " + new string('x', 1 << 20), "run.yaml has 1048582 characters; a specification has at most 1048576.");
        var json = Assert.Throws<ParisInputException>(() => RunSpecReader.Parse(new string('[', 100_000), "run.json")).Message;
        Assert.StartsWith("run.json, line 1: this is not JSON (", json, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFilesAreInputErrors()
        => Assert.Equal("There is no file 'nowhere/run.yaml'.", Assert.Throws<ParisInputException>(() => RunSpecReader.ReadFile("nowhere/run.yaml")).Message);

    [Fact]
    public void WarningsNameTheKey()
    {
        var warnings = RunSpecReader.Parse(Small, "run.yaml", ["expert.training.emaDecay=0.9999", "router.training.steps=100", "sampling.steps=4", "evaluation.images=64"]).Warnings;
        Assert.Collection(
            warnings,
            warning => Assert.Equal("'expert.training.emaDecay' is 0.9999: after 2000 steps 82 % of such an average is what it began with; a decay up to 0.9985 fits so few steps.", warning),
            warning => Assert.StartsWith("'router.training.emaDecay' is 0.99: after 100 steps 37 %", warning, StringComparison.Ordinal),
            warning => Assert.StartsWith("'router.training.checkpointEvery' is 250, more than the 100 steps", warning, StringComparison.Ordinal),
            warning => Assert.StartsWith("'sampling.steps' is 4", warning, StringComparison.Ordinal),
            warning => Assert.StartsWith("'evaluation.images' is 64", warning, StringComparison.Ordinal));
    }

    private static void AssertError(string text, string message)
    {
        var error = Assert.Throws<ParisInputException>(() => RunSpecReader.Parse(text, "run.yaml")).Message;
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
    }
}
