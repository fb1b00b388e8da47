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

    /// <summary>The shared autoencoder the run trains first; null trains in pixel space.</summary>
    public AutoencoderSpec? Autoencoder { get; init; }

    public ClusteringSpec Clustering { get; init; } = new();

    public required TrainerSpec Expert { get; init; }

    public required TrainerSpec Router { get; init; }

    /// <summary>The monolithic baseline: the expert's architecture and steps, batch K × the expert's.</summary>
    public bool Twin { get; init; }

    public SamplingSpec Sampling { get; init; } = new();

    public EvaluationSpec Evaluation { get; init; } = new();

    /// <summary>Threads of tensor operations a worker.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Runs with a higher priority are queued first.</summary>
    public int Priority { get; init; }
}

/// <summary>Where the images come from.</summary>
public sealed record DataSpec
{
    /// <summary><c>idx</c> (Fashion-MNIST, MNIST) or <c>folder</c> (images with optional captions in <c>NAME.txt</c>).</summary>
    public string Kind { get; init; } = "idx";

    /// <summary>IDX: the images file (may be .gz). Folder: the folder.</summary>
    public required string Images { get; init; }

    /// <summary>IDX: the labels file; null without labels.</summary>
    public string? Labels { get; init; }

    /// <summary>Held-out images of the same kind for the real-against-real row; null takes none.</summary>
    public string? TestImages { get; init; }

    public string? TestLabels { get; init; }

    /// <summary>Names of the classes in label order.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Side of the square the model sees, pixels; IDX images are padded to it with black, folder images resized and centre-cropped.</summary>
    public int ImageSize { get; init; } = 32;

    /// <summary>1 (grey) or 3 (colour).</summary>
    public int Channels { get; init; } = 1;

    /// <summary>Use only the first N samples; 0 uses all.</summary>
    public int Limit { get; init; }
}

/// <summary>The tiny convolutional autoencoder of <c>reference/small-scale</c>: two halvings, so latents are a quarter of the image's side.</summary>
public sealed record AutoencoderSpec
{
    public int LatentChannels { get; init; } = 4;

    public int Width { get; init; } = 24;

    public OptimizationSpec Training { get; init; } = new() { Steps = 1250, Batch = 64, LearningRate = 3e-3, Schedule = "linear", Beta2 = 0.99, EmaDecay = 0, CheckpointEvery = 500 };
}

/// <summary>Features and two-stage k-means (paper: DINOv2, 1024 fine → K).</summary>
public sealed record ClusteringSpec
{
    /// <summary><c>pixels-pca</c>.</summary>
    public string Extractor { get; init; } = "pixels-pca";

    /// <summary>Dimension of the features.</summary>
    public int Dimension { get; init; } = 64;

    /// <summary>K: clusters and experts.</summary>
    public int Clusters { get; init; } = 8;

    public int FineClusters { get; init; } = 256;

    public int Iterations { get; init; } = 12;

    public int Restarts { get; init; } = 5;

    /// <summary>Unit-length features and cosine similarity.</summary>
    public bool Spherical { get; init; } = true;

    /// <summary>Largest allowed share of a cluster times K (1 = perfectly equal); 0 imposes none.</summary>
    public double BalanceLimit { get; init; }
}

/// <summary>A model and how it is trained.</summary>
public sealed record TrainerSpec
{
    public required ModelSpec Model { get; init; }

    public OptimizationSpec Training { get; init; } = new();
}

/// <summary>Dimensions of a diffusion transformer (expert or router).</summary>
public sealed record ModelSpec
{
    /// <summary>A preset's name (<see cref="ModelPresets"/>) that fills the dimensions; explicit keys win.</summary>
    public string? Preset { get; init; }

    /// <summary>D.</summary>
    public int Hidden { get; init; }

    public int Layers { get; init; }

    public int Heads { get; init; }

    public int Patch { get; init; } = 2;

    public double MlpRatio { get; init; } = 4;

    /// <summary><c>none</c>, <c>class</c> or <c>text</c>.</summary>
    public string Condition { get; init; } = "none";

    /// <summary>Width of the text embedding.</summary>
    public int TextDim { get; init; } = 768;

    /// <summary>Share of samples trained without their condition, for guidance.</summary>
    public double ConditionDropout { get; init; } = 0.1;

    public double NormEps { get; init; } = 1e-6;
}

/// <summary>Optimiser, schedule, checkpoints.</summary>
public sealed record OptimizationSpec
{
    public int Steps { get; init; } = 1000;

    /// <summary>Samples a step, over all micro-batches.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>Micro-batches a step (gradient accumulation); divides the batch.</summary>
    public int Accumulate { get; init; } = 1;

    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Share of the steps over which the rate rises linearly.</summary>
    public double Warmup { get; init; } = 0.01;

    /// <summary><c>constant</c>, <c>linear</c> (to 0) or <c>cosine</c> (to 0).</summary>
    public string Schedule { get; init; } = "constant";

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.999;

    public double WeightDecay { get; init; }

    /// <summary>Largest global gradient norm; 0 does not clip.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>d in min(d, (1+n)/(10+n)); 0 keeps no average.</summary>
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>Share of samples whose t is drawn from [0.7, 1] instead of [0, 1].</summary>
    public double HighNoiseShare { get; init; }

    /// <summary><c>fp32</c> or <c>bf16</c>.</summary>
    public string Precision { get; init; } = "fp32";

    public int CheckpointEvery { get; init; } = 250;

    /// <summary>Newest checkpoints kept.</summary>
    public int KeepLast { get; init; } = 2;

    /// <summary>Steps between previews; 0 makes none.</summary>
    public int PreviewEvery { get; init; } = 250;
}

/// <summary>How images are drawn.</summary>
public sealed record SamplingSpec
{
    public int Steps { get; init; } = 25;

    /// <summary><c>uniform</c> (t_i = 1 − i/N) or <c>flowmatch-euler</c>.</summary>
    public string Grid { get; init; } = "uniform";

    public double GuidanceScale { get; init; } = 1;
}

/// <summary>What the table compares.</summary>
public sealed record EvaluationSpec
{
    public IReadOnlyList<string> Strategies { get; init; } = ["cluster-first", "sticky", "threshold", "top-2", "full", "top-1"];

    /// <summary>Images a strategy for the distance.</summary>
    public int Images { get; init; } = 512;

    /// <summary>Images a grid.</summary>
    public int Grid { get; init; } = 64;

    /// <summary>Real images the distance is against.</summary>
    public int Reference { get; init; } = 10_000;

    /// <summary>Passes of the classifier over the data.</summary>
    public int ClassifierPasses { get; init; } = 3;

    /// <summary>Probability below which <c>threshold</c> drops an expert.</summary>
    public double Threshold { get; init; } = 0.05;

    /// <summary>Cumulative probability of <c>nucleus</c>.</summary>
    public double Nucleus { get; init; } = 0.9;

    /// <summary>k of <c>top-k</c>.</summary>
    public int TopK { get; init; } = 3;
}
