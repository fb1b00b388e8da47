using System.ComponentModel.DataAnnotations;

namespace Paris.Core.Specs;

/// <summary>
/// One training of one ensemble: immutable, written as YAML or JSON (<c>train -f run.yaml</c>), stored canonically as
/// <c>runs/{run}/spec.json</c>. Keys are camelCase. Every default is here and nowhere else.
/// </summary>
public sealed record RunSpec
{
    /// <summary>The run's id: <c>^[a-z0-9](-?[a-z0-9]){0,62}$</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Seed of every random number of the run.</summary>
    public ulong Seed { get; init; } = 42;

    public required DataSpec Data { get; init; }

    /// <summary>The shared autoencoder: the run trains it first, or it comes trained with <c>weights</c>. Null trains in pixel space.</summary>
    public AutoencoderSpec? Autoencoder { get; init; }

    /// <summary>The text encoder of runs with captions; null without text.</summary>
    public TextSpec? Text { get; init; }

    public ClusteringSpec Clustering { get; init; } = new();

    public required TrainerSpec Expert { get; init; }

    /// <summary>Experts that differ from <c>expert</c>, by their number, in any order: sizes, batches, precisions, machines.</summary>
    public IReadOnlyList<OwnExpertSpec> Experts { get; init; } = [];

    public required TrainerSpec Router { get; init; }

    /// <summary>The monolithic baseline: the expert's architecture and steps, batch K × the expert's.</summary>
    public bool Twin { get; init; }

    public SamplingSpec Sampling { get; init; } = new();

    public EvaluationSpec Evaluation { get; init; } = new();

    /// <summary>Runs with a higher priority are queued first.</summary>
    public int Priority { get; init; }

    /// <summary>Share of the slots among runs of equal priority: a run of share 2 gets twice the slots of a run of share 1.</summary>
    [Range(0.0, 1000.0, MinimumIsExclusive = true)]
    public double Share { get; init; } = 1;

    /// <summary>Set by <c>paris import</c>: the experts and the router came trained from elsewhere, and the run has no data.</summary>
    public ImportSpec? Import { get; init; }

    /// <summary>The shape [C, S, S] of what the diffusion models see: pictures, or latents of an autoencoder.</summary>
    public (int Channels, int Side) LatentShape() => this switch
    {
        { Import: { } import } => (import.LatentChannels, import.LatentSide),
        { Autoencoder: { } autoencoder } => (autoencoder.LatentChannels, Data.ImageSize / autoencoder.PixelsPerLatent()),
        _ => (Data.Channels, Data.ImageSize),
    };

    /// <summary>Whether the job <c>encode</c> makes what the models are trained on: latents, or pictures with their text.</summary>
    public bool NeedsEncoding() => Autoencoder is not null || Text is not null;

    /// <summary>Whether images are drawn from prompts.</summary>
    public bool TakesPrompts() => Expert.Model.Condition == "text" || Router.Model.Conditioning == ModelSpec.PooledText;

    /// <summary>An expert's model and training: <see cref="Expert"/>, and what <see cref="Experts"/> says of this number over it.</summary>
    /// <param name="expert">The expert's number; the twin's is none, it trains by <see cref="Expert"/>.</param>
    public TrainerSpec ExpertOf(int expert) => Experts.FirstOrDefault(x => x.Expert == expert)?.Over(Expert) ?? Expert;

    /// <summary>The specification with the models' presets filled in; idempotent.</summary>
    /// <exception cref="ParisInputException">A preset is unknown, or a dimension is given neither by key nor by preset.</exception>
    public RunSpec Resolve() => this with
    {
        Expert = Expert with { Model = Expert.Model.Resolve("expert.model") },
        Router = Router with { Model = Router.Model.Resolve("router.model") },
    };
}

/// <summary>Where imported weights came from, and the latents they see.</summary>
public sealed record ImportSpec
{
    /// <summary>The published model's name.</summary>
    public string Source { get; init; } = "";

    public string Experiment { get; init; } = "";

    public string Dataset { get; init; } = "";

    [Range(1, 1024)]
    public int LatentChannels { get; init; } = 4;

    [Range(1, 4096)]
    public int LatentSide { get; init; } = 32;

    /// <summary>An autoencoder came along that turns latents into pictures.</summary>
    public bool Autoencoder { get; init; }

    /// <summary>A text encoder and its tokenizer came along.</summary>
    public bool Text { get; init; }

    /// <summary>[K] samples of each cluster; null where the weights do not say: then all are taken for equal.</summary>
    public IReadOnlyList<long>? ClusterSizes { get; init; }
}

/// <summary>Where the images come from.</summary>
public sealed record DataSpec
{
    /// <summary>The kind of an imported run: it has no images.</summary>
    public const string None = "none";

    /// <summary>
    /// <c>idx</c> (Fashion-MNIST, MNIST), <c>folder</c> (images with optional captions in <c>NAME.txt</c>), <c>webdataset</c> (tar shards) or
    /// <c>list</c> (JSON Lines of <c>image</c>, <c>caption</c>, <c>class</c>); <c>none</c> for imported runs.
    /// </summary>
    [OneOf("idx", "folder", "webdataset", "list", None)]
    public string Kind { get; init; } = "idx";

    /// <summary>IDX: the images file (may be .gz). Folder: the folder. WebDataset: a tar file or a folder of them. List: the JSON Lines file.</summary>
    public required string Images { get; init; }

    /// <summary>IDX: the labels file; null without labels.</summary>
    public string? Labels { get; init; }

    /// <summary>Held-out images of the same kind for the real-against-real row; null takes none.</summary>
    public string? TestImages { get; init; }

    public string? TestLabels { get; init; }

    /// <summary>Names of the classes in label order.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Side of the square the model sees, pixels; IDX images are padded to it with black, others centre-cropped and resized.</summary>
    [Range(1, 4096)]
    public int ImageSize { get; init; } = 32;

    /// <summary>1 (grey) or 3 (colour).</summary>
    [Range(1, 3)]
    public int Channels { get; init; } = 1;

    /// <summary>Image files that cannot be read: <c>skip</c> (listed in the job's output <c>bad-files</c>) or <c>fail</c>.</summary>
    [OneOf("skip", "fail")]
    public string BadFiles { get; init; } = "skip";

    /// <summary>Images with the same resized pixels as one before: <c>keep</c> (counted) or <c>drop</c>.</summary>
    [OneOf("keep", "drop")]
    public string Duplicates { get; init; } = "keep";

    /// <summary>
    /// Images whose feature nearly equals that of one before in the same fine cluster: <c>keep</c> (not looked for), <c>report</c> (listed in the
    /// output <c>near-duplicates</c> of the job <c>assign</c>, with a sheet of pairs) or <c>drop</c> (listed, and in no cluster).
    /// </summary>
    [OneOf("keep", "report", "drop")]
    public string NearDuplicates { get; init; } = "keep";

    /// <summary>Largest 1 − cos of the features of near-duplicates. What it means depends on the extractor: look at the sheet.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double NearDuplicateDistance { get; init; } = 0.05;

    /// <summary>
    /// Parts into which reading, encoding and (not for <c>pixels-pca</c>) extracting are cut, for as many slots to share the work; a few times
    /// the slots is a good number. What comes out does not depend on it.
    /// </summary>
    [Range(1, 4096)]
    public int Parts { get; init; } = 1;

    /// <summary>Most samples of one shard; shards also stay below 64 MiB. Parts are cut between shards: smaller ones share small data sets more evenly.</summary>
    [Range(1, 8192)]
    public int ShardSamples { get; init; } = 8192;

    /// <summary>How latents are stored: <c>fp32</c>, or <c>fp16</c> at half the size.</summary>
    [OneOf("fp32", "fp16")]
    public string Precision { get; init; } = "fp32";

    /// <summary>Use only the first N samples; 0 uses all.</summary>
    [Range(0, int.MaxValue)]
    public int Limit { get; init; }
}

/// <summary>
/// What turns pictures into latents: a small convolutional autoencoder that the run trains for itself (two halvings, latents standardised by
/// channel), or a published AutoencoderKL (Paris: sd-vae-ft-mse), whose latents are the posterior's mean times its scaling factor.
/// </summary>
public sealed record AutoencoderSpec
{
    /// <summary>Pixels a latent along each side, of the one that the run trains.</summary>
    public const int OwnFactor = 4;

    /// <summary>Pixels a latent along each side, of the Stable Diffusion autoencoders.</summary>
    public const int PublishedFactor = 8;

    /// <summary>
    /// A trained AutoencoderKL: its file (safetensors, or torch.save) with the <c>config.json</c> beside it, or their folder; a path below the
    /// source roots. Null trains one. The run keeps a copy.
    /// </summary>
    public string? Weights { get; init; }

    /// <summary>Pixels a latent along each side; 0: 4 for the one that the run trains, 8 for <c>weights</c>.</summary>
    [Range(0, 64)]
    public int Factor { get; init; }

    [Range(1, 256)]
    public int LatentChannels { get; init; } = 4;

    [Range(1, 4096)]
    public int Width { get; init; } = 24;

    public OptimizationSpec Training { get; init; } = new() { Steps = 1250, Batch = 64, LearningRate = 3e-3, Schedule = "linear", Beta2 = 0.99, EmaDecay = 0, CheckpointEvery = 500 };

    /// <summary><see cref="Factor"/> with its default filled in.</summary>
    public int PixelsPerLatent() => Factor > 0 ? Factor : Weights is null ? OwnFactor : PublishedFactor;
}

/// <summary>Features and two-stage k-means (paper: DINOv2, 1024 fine → K).</summary>
public sealed record ClusteringSpec
{
    /// <summary><c>pixels-pca</c> (principal components of small pictures) or <c>dinov2</c> (the class token of a DINOv2 model, length 1).</summary>
    [OneOf("pixels-pca", "dinov2")]
    public string Extractor { get; init; } = "pixels-pca";

    /// <summary><c>dinov2</c>: its weights, a file or a folder with one (DINOv2's or Hugging Face's key names; <c>config.json</c> beside it).</summary>
    public string? Weights { get; init; }

    /// <summary><c>dinov2</c>: side of the picture it sees, a multiple of its patch (14).</summary>
    [Range(1, 4096)]
    public int InputSize { get; init; } = 224;

    /// <summary><c>dinov2</c>: the stored square is resized to this side (bicubic) and its centre of <see cref="InputSize"/> is seen; 0 takes 8/7 of that (256 for 224), as DINOv2 was evaluated.</summary>
    [Range(0, 8192)]
    public int ResizeSize { get; init; }

    /// <summary><see cref="ResizeSize"/> with its default filled in.</summary>
    public int ResizedSide() => ResizeSize > 0 ? ResizeSize : (int)Math.Round(InputSize * 8 / 7.0);

    /// <summary><c>pixels-pca</c>: dimension of the features. Those of <c>dinov2</c> have its width.</summary>
    [Range(1, 65536)]
    public int Dimension { get; init; } = 64;

    /// <summary>K: clusters and experts.</summary>
    [Range(1, 65535)]
    public int Clusters { get; init; } = 8;

    [Range(1, int.MaxValue)]
    public int FineClusters { get; init; } = 256;

    [Range(1, int.MaxValue)]
    public int Iterations { get; init; } = 12;

    [Range(1, int.MaxValue)]
    public int Restarts { get; init; } = 5;

    /// <summary>Unit-length features and cosine similarity.</summary>
    public bool Spherical { get; init; } = true;

    /// <summary>Largest allowed share of a cluster times K (1 = perfectly equal); 0 imposes none.</summary>
    [Range(0.0, double.MaxValue)]
    public double BalanceLimit { get; init; }
}

/// <summary>A model and how it is trained.</summary>
public sealed record TrainerSpec
{
    public required ModelSpec Model { get; init; }

    public OptimizationSpec Training { get; init; } = new();

    /// <summary>
    /// What the weights start from: a run, whose expert of the same number (or router) is taken, average and all; or, for experts, what
    /// <c>paris import dit</c> made. Null starts from random weights.
    /// </summary>
    public string? Init { get; init; }

    /// <summary>What a slot must have; null takes any slot. The expert's also hold for the twin, sampling and evaluation.</summary>
    public ResourcesSpec? Resources { get; init; }

    /// <summary>
    /// What each expert learns, by its number: <c>flow</c>, the velocity of the linear path, or <c>ddpm</c>, the noise on the cosine schedule.
    /// Experts behind the list's end learn <c>flow</c>; a router has none.
    /// </summary>
    [OneOf("flow", "ddpm")]
    public IReadOnlyList<string>? Objectives { get; init; }

    /// <summary>Whether an expert learns the noise.</summary>
    public bool LearnsNoise(int expert) => expert >= 0 && expert < (Objectives?.Count ?? 0) && Objectives![expert] == "ddpm";
}

/// <summary>What one expert has of its own; whatever is left out is as in <c>expert</c>. Condition, objective and steps are shared.</summary>
public sealed record OwnExpertSpec
{
    /// <summary>The expert's number, that of its cluster.</summary>
    [Range(0, 65534)]
    public required int Expert { get; init; }

    /// <summary>Another size of model.</summary>
    public OwnSizeSpec? Model { get; init; }

    /// <summary>Samples a step; 0: as the others.</summary>
    [Range(0, 1 << 24)]
    public int Batch { get; init; }

    /// <summary>Micro-batches a step; 0: as the others.</summary>
    [Range(0, 1 << 24)]
    public int Accumulate { get; init; }

    /// <summary><c>fp32</c> or <c>bf16</c>; null: as the others.</summary>
    [OneOf("fp32", "bf16")]
    public string? Precision { get; init; }

    /// <summary>What its slot must have; null: as the others.</summary>
    public ResourcesSpec? Resources { get; init; }

    internal TrainerSpec Over(TrainerSpec shared) => shared with
    {
        Model = Model?.Over(shared.Model) ?? shared.Model,
        Training = shared.Training with
        {
            Batch = Batch > 0 ? Batch : shared.Training.Batch,
            Accumulate = Accumulate > 0 ? Accumulate : shared.Training.Accumulate,
            Precision = Precision ?? shared.Training.Precision,
        },
        Resources = Resources ?? shared.Resources,
    };
}

/// <summary>The size of one expert: a preset, or dimensions; 0: as in <c>expert.model</c>.</summary>
public sealed record OwnSizeSpec
{
    /// <inheritdoc cref="ModelSpec.Preset"/>
    [OneOf(typeof(ModelPresets), nameof(ModelPresets.Names), IgnoreCase = true)]
    public string? Preset { get; init; }

    /// <summary>D.</summary>
    [Range(0, 65536)]
    public int Hidden { get; init; }

    [Range(0, 1024)]
    public int Layers { get; init; }

    [Range(0, 1024)]
    public int Heads { get; init; }

    [Range(0, 64)]
    public int Patch { get; init; }

    [Range(0.0, 64.0)]
    public double MlpRatio { get; init; }

    internal ModelSpec Over(ModelSpec shared)
    {
        var preset = Preset is not null && ModelPresets.All.TryGetValue(Preset, out var named) ? named : (shared.Hidden, shared.Layers, shared.Heads, shared.Patch);
        return shared with
        {
            Preset = Preset ?? shared.Preset,
            Hidden = Hidden > 0 ? Hidden : preset.Hidden,
            Layers = Layers > 0 ? Layers : preset.Layers,
            Heads = Heads > 0 ? Heads : preset.Heads,
            Patch = Patch > 0 ? Patch : preset.Patch,
            MlpRatio = MlpRatio > 0 ? MlpRatio : shared.MlpRatio,
        };
    }
}

/// <summary>What a slot's device must have: all that is given here.</summary>
public sealed record ResourcesSpec
{
    /// <summary>Least memory of the slot's device in GiB, as its driver counts it; 0 takes any.</summary>
    [Range(0.0, 65536.0)]
    public double Memory { get; init; }

    /// <summary>Part of the GPU's model name, letter case ignored, e.g. <c>H100</c>; empty takes any device.</summary>
    public string GpuModel { get; init; } = "";

    /// <summary>Least CUDA compute capability, e.g. 8.0; 0 takes any device.</summary>
    [Range(0.0, 100.0)]
    public double MinimumCompute { get; init; }
}

/// <summary>Dimensions of a diffusion transformer (expert or router).</summary>
public sealed record ModelSpec
{
    /// <summary>A router that reads the pooled text.</summary>
    public const string PooledText = "pooled-text";

    /// <summary>A preset's name (<see cref="ModelPresets"/>) that fills the dimensions; explicit keys win.</summary>
    [OneOf(typeof(ModelPresets), nameof(ModelPresets.Names), IgnoreCase = true)]
    public string? Preset { get; init; }

    /// <summary>D.</summary>
    [Range(0, 65536)]
    public int Hidden { get; init; }

    [Range(0, 1024)]
    public int Layers { get; init; }

    [Range(0, 1024)]
    public int Heads { get; init; }

    [Range(1, 64)]
    public int Patch { get; init; } = 2;

    [Range(0.0, 64.0, MinimumIsExclusive = true)]
    public double MlpRatio { get; init; } = 4;

    /// <summary><c>none</c>, <c>class</c> or <c>text</c>.</summary>
    [OneOf("none", "class", "text")]
    public string Condition { get; init; } = "none";

    /// <summary>
    /// The router's: <c>none</c>, as in the paper, or <c>pooled-text</c>, the caption's pooled embedding beside x_t and t. An expert has
    /// <see cref="Condition"/>.
    /// </summary>
    [OneOf("none", PooledText)]
    public string Conditioning { get; init; } = "none";

    /// <summary>Width of the text embedding (the router's: of the pooled one).</summary>
    [Range(1, 65536)]
    public int TextDim { get; init; } = 768;

    /// <summary>Share of samples trained without their condition, for guidance.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double ConditionDropout { get; init; } = 0.1;

    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double NormEps { get; init; } = 1e-6;

    /// <summary>The dimensions that are 0 taken from the preset; explicit keys win.</summary>
    /// <param name="path">The key this model stands at, for messages.</param>
    /// <exception cref="ParisInputException">The preset is unknown, or a dimension is given neither by key nor by preset.</exception>
    public ModelSpec Resolve(string path = "model")
    {
        var preset = (Hidden: 0, Layers: 0, Heads: 0, Patch: 0);
        if (Preset is not null && !ModelPresets.All.TryGetValue(Preset, out preset))
        {
            throw new ParisInputException($"'{path}.preset' is '{Preset}'; presets are {string.Join(", ", ModelPresets.Names)}.");
        }

        var resolved = this with
        {
            Hidden = Hidden == 0 ? preset.Hidden : Hidden,
            Layers = Layers == 0 ? preset.Layers : Layers,
            Heads = Heads == 0 ? preset.Heads : Heads,
            Patch = Patch == 0 ? preset.Patch : Patch,
        };
        var missing = resolved.Hidden == 0 ? "hidden" : resolved.Layers == 0 ? "layers" : resolved.Heads == 0 ? "heads" : resolved.Patch == 0 ? "patch" : null;
        return missing is null
            ? resolved
            : throw new ParisInputException($"'{path}.{missing}' is missing: give it, or name a 'preset' ({string.Join(", ", ModelPresets.Names)}).");
    }
}

/// <summary>Optimiser, schedule, checkpoints.</summary>
public sealed record OptimizationSpec
{
    [Range(1, int.MaxValue)]
    public int Steps { get; init; } = 1000;

    /// <summary>Samples a step, over all micro-batches.</summary>
    [Range(1, 1 << 24)]
    public int Batch { get; init; } = 128;

    /// <summary>Micro-batches a step (gradient accumulation); divides the batch.</summary>
    [Range(1, 1 << 24)]
    public int Accumulate { get; init; } = 1;

    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Share of the steps over which the rate rises linearly.</summary>
    [Range(0.0, 1.0)]
    public double Warmup { get; init; } = 0.01;

    /// <summary><c>constant</c>, <c>linear</c> (to 0) or <c>cosine</c> (to 0).</summary>
    [OneOf("constant", "linear", "cosine")]
    public string Schedule { get; init; } = "constant";

    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.999;

    [Range(0.0, double.MaxValue)]
    public double WeightDecay { get; init; }

    /// <summary>Largest global gradient norm; 0 does not clip.</summary>
    [Range(0.0, double.MaxValue)]
    public double Clip { get; init; } = 1;

    /// <summary>d in min(d, (1+n)/(10+n)); 0 keeps no average.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>Share of samples whose t is drawn from [0.7, 1] instead of [0, 1].</summary>
    [Range(0.0, 1.0)]
    public double HighNoiseShare { get; init; }

    /// <summary><c>fp32</c> or <c>bf16</c>.</summary>
    [OneOf("fp32", "bf16")]
    public string Precision { get; init; } = "fp32";

    [Range(1, int.MaxValue)]
    public int CheckpointEvery { get; init; } = 250;

    /// <summary>Newest checkpoints kept.</summary>
    [Range(1, 1000)]
    public int KeepLast { get; init; } = 2;

    /// <summary>Steps between previews; 0 makes none.</summary>
    [Range(0, int.MaxValue)]
    public int PreviewEvery { get; init; } = 250;
}

/// <summary>How images are drawn.</summary>
public sealed record SamplingSpec
{
    [Range(1, int.MaxValue)]
    public int Steps { get; init; } = 25;

    /// <summary><c>uniform</c> (t_i = 1 − i/N) or <c>flowmatch-euler</c>.</summary>
    [OneOf("uniform", "flowmatch-euler")]
    public string Grid { get; init; } = "uniform";

    [Range(0.0, 1000.0)]
    public double GuidanceScale { get; init; } = 1;

    /// <summary>Experts in memory at once; others are read when a step asks for them. 0: as many as fit into the memory that is free.</summary>
    [Range(0, 65535)]
    public int ResidentExperts { get; init; }
}

/// <summary>What the table compares.</summary>
public sealed record EvaluationSpec
{
    [OneOf(typeof(StrategyNames), nameof(StrategyNames.All))]
    public IReadOnlyList<string> Strategies { get; init; } = ["cluster-first", "sticky", "threshold", "top-2", "full", "top-1"];

    /// <summary>Images a strategy for the distance.</summary>
    [Range(2, int.MaxValue)]
    public int Images { get; init; } = 512;

    /// <summary>Images a grid.</summary>
    [Range(1, 1024)]
    public int Grid { get; init; } = 64;

    /// <summary>Real images the distance is against.</summary>
    [Range(2, int.MaxValue)]
    public int Reference { get; init; } = 10_000;

    /// <summary>Passes of the classifier over the data.</summary>
    [Range(1, 1000)]
    public int ClassifierPasses { get; init; } = 3;

    /// <summary>Probability below which <c>threshold</c> drops an expert.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Threshold { get; init; } = 0.05;

    /// <summary>Cumulative probability of <c>nucleus</c>.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Nucleus { get; init; } = 0.9;

    /// <summary>k of <c>top-k</c>.</summary>
    [Range(1, 65535)]
    public int TopK { get; init; } = 3;
}
