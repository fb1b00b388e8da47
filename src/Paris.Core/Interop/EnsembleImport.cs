using System.Security.Cryptography;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;

namespace Paris.Core.Interop;

/// <summary>
/// Brings a published ensemble into a store as a run whose experts and router are finished. Every weight file is streamed; the run
/// exists once its spec is written, which comes last, so an interrupted import is begun again and finds what is there.
/// </summary>
public sealed class EnsembleImport(IBlobStore store, PublishedEnsemble ensemble, string run)
{
    /// <summary>The spec of the run that the import makes.</summary>
    public RunSpec Spec { get; } = SpecOf(ensemble, BlobName.CheckRunId(run));

    /// <summary>Imports; tells what is done as (part, bytes so far, bytes of all parts).</summary>
    /// <exception cref="ParisInputException">Weights do not fit their configuration, or the run exists with another spec.</exception>
    public async Task RunAsync(Action<string, long, long>? progress = null, CancellationToken cancellationToken = default)
    {
        var specName = $"runs/{Spec.Name}/spec.json";
        var canonical = RunSpecJson.Serialize(Spec);

        // Compared as they are read, so that a spec that an older version wrote, without keys of today, is still the same.
        if (await store.GetAsync(specName, cancellationToken).ConfigureAwait(false) is { } existing
            && !RunSpecJson.Serialize(RunSpecJson.Read(existing.Bytes, specName)).AsSpan().SequenceEqual(canonical))
        {
            throw new ParisInputException($"Run '{Spec.Name}' exists in {store.Description} and is not this import; choose another name.");
        }

        (string Part, JobId Job)[] parts =
        [
            .. Enumerable.Range(0, ensemble.Experts.Count).Select(k => (PublishedEnsemble.ExpertFolder(k), JobId.ForExpert(Spec.Name, k))),
            ("router", new JobId(Spec.Name, JobKind.TrainRouter)),
        ];

        // Everything is looked at before anything is written; of the weights, what their headers say. Their data is read once.
        var files = parts.Select(x => (x.Part, x.Job, Path: ensemble.Find(x.Part))).ToList();
        var total = files.Sum(x => new FileInfo(x.Path).Length);

        foreach (var file in ensemble.Companions)
        {
            using var stream = File.OpenRead(Path.Combine(ensemble.Folder, file));
            await store.PutAsync(CompanionName(Spec.Name, file), stream, PutCondition.Always, cancellationToken: cancellationToken).ConfigureAwait(false);
        }

        long done = 0;
        foreach (var (part, job, path) in files)
        {
            await ImportAsync(job, path, cancellationToken).ConfigureAwait(false);
            done += new FileInfo(path).Length;
            progress?.Invoke(part, done, total);
        }

        await store.PutAsync(specName, canonical, PutCondition.Absent, cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Where a file that is only carried along lies in the store.</summary>
    public static string CompanionName(string run, string file) => $"runs/{run}/import/{file}";

    private async Task ImportAsync(JobId job, string path, CancellationToken cancellationToken)
    {
        if (await JobFence.ReadHeadAsync(store, job, cancellationToken).ConfigureAwait(false) is { Result: not null })
        {
            return;
        }

        var claim = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var fence = await JobFence.TakeOverAsync(store, job, "import", claim, "import", cancellationToken).ConfigureAwait(false);
        BlobEntry model;
        using var weights = WeightsOnDisk.Open(path);
        using (var stream = File.OpenRead(weights.Path))
        {
            model = await fence.PutOutputAsync("model.safetensors", stream, cancellationToken).ConfigureAwait(false);
        }

        using var file = SafetensorsFile.Open(weights.Path);
        await fence.CommitResultAsync(
            new JobResult
            {
                Job = job,
                Outputs = new Dictionary<string, BlobEntry> { ["model"] = model },
                Metrics = new Dictionary<string, double> { ["parameters"] = file.Tensors.Sum(x => x.ElementCount) },
                Facts = new Dictionary<string, string>
                {
                    ["imported-from"] = ensemble.Config.ModelName,
                    ["weights-sha256"] = model.Sha256,
                    ["type"] = string.Join(", ", file.Tensors.Select(x => x.Type.ToString()).Distinct()),
                },
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static (int Hidden, int Layers, int Heads, int Patch, double MlpRatio) Size(PublishedExpertConfig x)
        => (x.HiddenSize, x.NumLayers, x.NumHeads, x.PatchSize, x.MlpRatio);

    private static RunSpec SpecOf(PublishedEnsemble ensemble, string run)
    {
        var (config, expert, router) = (ensemble.Config, ensemble.Experts[0], ensemble.Router);
        return new RunSpec
        {
            Name = run,
            Data = new DataSpec { Kind = DataSpec.None, Images = "", ImageSize = config.ImageSize, Channels = 3 },
            Import = new ImportSpec
            {
                Source = config.ModelName,
                Experiment = config.ExperimentName,
                Dataset = config.DatasetName,
                LatentChannels = config.NumChannels,
                LatentSide = config.ImageSize,
                Autoencoder = ensemble.Companions.Any(x => x.StartsWith("vae/", StringComparison.Ordinal)),
                Text = ensemble.Companions.Any(x => x.StartsWith("text_encoder/", StringComparison.Ordinal)),
                ClusterSizes = config.ClusterSizes,
            },
            Clustering = new ClusteringSpec { Clusters = config.NumExperts },
            Expert = new TrainerSpec
            {
                Model = new ModelSpec
                {
                    Hidden = expert.HiddenSize,
                    Layers = expert.NumLayers,
                    Heads = expert.NumHeads,
                    Patch = expert.PatchSize,
                    MlpRatio = expert.MlpRatio,
                    Condition = expert.UseTextConditioning ? "text" : "none",
                    TextDim = expert.UseTextConditioning ? expert.TextEmbedDim : new ModelSpec().TextDim,
                    ConditionDropout = expert.CfgDropoutProb,
                    NormEps = expert.NormEps ?? PublishedJson.NormEps,
                },
                Objectives = ensemble.Experts.Any(x => x.Objective == "ddpm") ? [.. ensemble.Experts.Select(x => x.Objective ?? "flow")] : null,
            },
            Experts =
            [
                .. ensemble.Experts.Where(x => Size(x) != Size(expert)).Select(x => new OwnExpertSpec
                {
                    Expert = x.ExpertId,
                    Model = new OwnSizeSpec { Hidden = x.HiddenSize, Layers = x.NumLayers, Heads = x.NumHeads, Patch = x.PatchSize, MlpRatio = x.MlpRatio },
                }),
            ],
            Router = new TrainerSpec
            {
                Model = new ModelSpec
                {
                    Hidden = router.HiddenSize,
                    Layers = router.NumLayers,
                    Heads = router.NumHeads,
                    Patch = router.PatchSize,
                    NormEps = router.NormEps ?? PublishedJson.NormEps,
                    Conditioning = router.Conditioning ?? "none",
                    TextDim = router.TextEmbedDim ?? new ModelSpec().TextDim,
                },
            },
            Sampling = config.Sampling is { } sampling
                ? new SamplingSpec { Steps = sampling.Steps, Grid = sampling.Grid, GuidanceScale = sampling.GuidanceScale }
                : new SamplingSpec { Steps = 50, Grid = "flowmatch-euler", GuidanceScale = expert.UseTextConditioning ? 7.5 : 1 },
            Evaluation = new EvaluationSpec { Strategies = [] },
        };
    }
}
