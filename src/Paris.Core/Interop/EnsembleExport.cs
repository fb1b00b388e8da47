using System.Globalization;
using System.Security.Cryptography;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;

namespace Paris.Core.Interop;

/// <summary>What the model card says that the run does not know.</summary>
/// <param name="Dataset">Name of the data set; null takes the run's source.</param>
/// <param name="Licence">SPDX name of the weights' licence; null leaves it open.</param>
public sealed record ExportNotes(string? Dataset = null, string? Licence = null);

/// <summary>
/// Writes a run's ensemble in use as a folder in the published layout, with a model card. Weights are streamed and their SHA-256 is checked on
/// the way; the folder appears under its name when it is complete. Experts are numbered by their place in the ensemble, as the router counts
/// them. What the layout has no field for (<see cref="PublishedConfig"/>: ours) lets <c>paris import paris</c> draw the same images again.
/// </summary>
public sealed class EnsembleExport(IBlobStore store, string run, ExportNotes notes)
{
    /// <summary>Exports into <paramref name="folder"/>, which must not exist.</summary>
    /// <exception cref="ParisInputException">A model is not finished, cannot be told in the published layout, is damaged, or the folder exists.</exception>
    public async Task RunAsync(string folder, Action<string, long, long>? progress = null, CancellationToken cancellationToken = default)
    {
        if (Directory.Exists(folder) || File.Exists(folder))
        {
            throw new ParisInputException($"'{folder}' exists; name a new folder, nothing is written over.");
        }

        var specName = $"runs/{BlobName.CheckRunId(run)}/spec.json";
        var blob = await store.GetAsync(specName, cancellationToken).ConfigureAwait(false)
            ?? throw new ParisInputException($"There is no run '{run}' in {store.Description}.");
        var spec = RunSpecJson.Read(blob.Bytes, specName).Resolve();
        if (spec.Expert.Model.Condition == "class")
        {
            throw new ParisInputException($"Run '{run}' is conditioned on classes, which the published layout has no table for; it can be exported from runs without a condition or with text.");
        }

        var ensemble = await EnsembleHistory.ReadCurrentAsync(store, spec, cancellationToken).ConfigureAwait(false);
        List<(string File, BlobEntry Model, JobResult Result)> parts = [];
        foreach (var (place, job) in ensemble.Models(run).Index())
        {
            var (model, result) = await ModelAsync(job, cancellationToken).ConfigureAwait(false);
            parts.Add((place < ensemble.Members.Count ? $"{PublishedEnsemble.ExpertFolder(place)}/{PublishedEnsemble.ExpertWeights}" : $"router/{PublishedEnsemble.RouterWeights}", model, result));
        }

        var companions = spec.Import is null ? await TrainedCompanions.ReadAsync(store, spec, cancellationToken).ConfigureAwait(false) : null;
        var partial = folder.TrimEnd('/') + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        try
        {
            (string File, BlobEntry Blob)[] blobs = [.. parts.Select(x => (x.File, x.Model)), .. companions?.Blobs ?? []];
            var total = blobs.Sum(x => x.Blob.Bytes);
            long done = 0;
            foreach (var (file, source) in blobs)
            {
                await CopyAsync(source, Path.Combine(partial, file), cancellationToken).ConfigureAwait(false);
                done += source.Bytes;
                progress?.Invoke(file, done, total);
            }

            await WriteConfigurationAsync(spec, ensemble, companions, partial, cancellationToken).ConfigureAwait(false);
            if (!File.Exists(Path.Combine(partial, "README.md")))
            {
                await File.WriteAllTextAsync(Path.Combine(partial, "README.md"), ModelCard.Write(spec, ensemble, [.. parts.Select(x => x.Result)], notes), cancellationToken).ConfigureAwait(false);
            }

            Directory.Move(partial, folder);
        }
        catch
        {
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }

            throw;
        }
    }

    private async Task<(BlobEntry Model, JobResult Result)> ModelAsync(JobId job, CancellationToken cancellationToken)
    {
        var result = await JobFence.ReadResultAsync(store, job, cancellationToken).ConfigureAwait(false);
        return result?.Outputs.GetValueOrDefault("model") is { } model
            ? (model, result)
            : throw new ParisInputException($"{job.Key} is not finished; export a run whose experts and router are all complete.");
    }

    private async Task CopyAsync(BlobEntry blob, string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var hash = SHA256.Create();
        await using (var source = await store.OpenReadAsync(blob.Name, cancellationToken: cancellationToken).ConfigureAwait(false))
        await using (var target = File.Create(path))
        await using (var hashing = new CryptoStream(target, hash, CryptoStreamMode.Write))
        {
            await source.CopyToAsync(hashing, 1 << 20, cancellationToken).ConfigureAwait(false);
        }

        var actual = Convert.ToHexStringLower(hash.Hash!);
        if (actual != blob.Sha256)
        {
            throw new ParisInputException($"Blob '{blob.Name}' in {store.Description} is damaged: its SHA-256 is {actual}, listed is {blob.Sha256}.");
        }
    }

    private static double? Eps(ModelSpec model) => model.NormEps == PublishedJson.NormEps ? null : model.NormEps;

    private async Task WriteConfigurationAsync(RunSpec spec, EnsembleRevision ensemble, TrainedCompanions? companions, string folder, CancellationToken cancellationToken)
    {
        Task WriteAsync(string file, byte[] content)
        {
            var path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return File.WriteAllBytesAsync(path, content, cancellationToken);
        }

        var router = spec.Router.Model;
        var (channels, side) = spec.LatentShape();
        foreach (var (place, member) in ensemble.Members.Index())
        {
            var expert = spec.ExpertOf(member.Expert).Model;
            await WriteAsync($"{PublishedEnsemble.ExpertFolder(place)}/config.json", PublishedJson.Write(new PublishedExpertConfig
            {
                ExpertId = place,
                HiddenSize = expert.Hidden,
                NumLayers = expert.Layers,
                NumHeads = expert.Heads,
                PatchSize = expert.Patch,
                InChannels = channels,
                OutChannels = channels,
                MlpRatio = expert.MlpRatio,
                UseTextConditioning = expert.Condition == "text",
                NumClasses = 1000,
                TextEmbedDim = expert.TextDim,
                CfgDropoutProb = expert.Condition == "text" ? expert.ConditionDropout : 0,
                NormEps = Eps(expert),
                Objective = spec.Expert.LearnsNoise(member.Expert) ? "ddpm" : null,
            })).ConfigureAwait(false);
        }

        var pooled = router.Conditioning == ModelSpec.PooledText;
        await WriteAsync("router/config.json", PublishedJson.Write(new PublishedRouterConfig
        {
            NumClusters = ensemble.Members.Count,
            HiddenSize = router.Hidden,
            NumLayers = router.Layers,
            NumHeads = router.Heads,
            PatchSize = router.Patch,
            InChannels = channels,
            Conditioning = pooled ? ModelSpec.PooledText : null,
            TextEmbedDim = pooled ? router.TextDim : null,
            NormEps = Eps(router),
        })).ConfigureAwait(false);

        var config = new PublishedConfig
        {
            ModelName = spec.Import?.Source ?? run,
            NumExperts = ensemble.Members.Count,
            ExperimentName = run,
            DatasetName = notes.Dataset ?? spec.Import?.Dataset ?? Path.GetFileName(spec.Data.Images),
            ImageSize = side,
            NumChannels = channels,
            UseLatents = spec.Autoencoder is not null || spec.Import is not null,
        };
        if (companions is null)
        {
            await WriteAsync("config.json", PublishedJson.Write(config)).ConfigureAwait(false);
            await CopyImportedAsync(folder, cancellationToken).ConfigureAwait(false);
            return;
        }

        foreach (var (file, content) in companions.Configurations)
        {
            await WriteAsync(file, content).ConfigureAwait(false);
        }

        var (published, clip) = (spec.Autoencoder?.Weights is not null, spec.Text is { Encoder: "clip" });
        await WriteAsync("model_index.json", PublishedJson.Write(new PublishedModelIndex
        {
            NumExperts = ensemble.Members.Count,
            Vae = published ? ["diffusers", "AutoencoderKL"] : null,
            TextEncoder = clip ? ["transformers", "CLIPTextModel"] : null,
            Tokenizer = clip ? ["transformers", "CLIPTokenizer"] : null,
            VaeName = companions.Autoencoder,
            TextEncoderName = companions.Text,
        })).ConfigureAwait(false);
        await WriteAsync("config.json", PublishedJson.Write(config with
        {
            VaeName = companions.Autoencoder,
            TextEncoderName = companions.Text,
            ClusterSizes = await ClusterSizesAsync(ensemble, cancellationToken).ConfigureAwait(false),
            Sampling = new PublishedSampling(spec.Sampling.Steps, spec.Sampling.Grid, spec.Sampling.GuidanceScale),
        })).ConfigureAwait(false);
    }

    /// <summary>[K] samples that each expert of the ensemble was trained on.</summary>
    private async Task<IReadOnlyList<long>?> ClusterSizesAsync(EnsembleRevision ensemble, CancellationToken cancellationToken)
    {
        var partition = await JobFence.ReadResultAsync(store, new JobId(run, JobKind.Partition, Revision: ensemble.Partition), cancellationToken).ConfigureAwait(false);
        return partition is null ? null : [.. ensemble.Members.Select(x => (long)partition.Metrics.GetValueOrDefault(string.Create(CultureInfo.InvariantCulture, $"size.cluster.{x.Expert}")))];
    }

    /// <summary>What came along at the import goes out as it came in.</summary>
    private async Task CopyImportedAsync(string folder, CancellationToken cancellationToken)
    {
        var prefix = EnsembleImport.CompanionName(run, "");
        await foreach (var file in store.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            var path = Path.Combine(folder, file.Name[prefix.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var source = await store.OpenReadAsync(file.Name, cancellationToken: cancellationToken).ConfigureAwait(false);
            await using var target = File.Create(path);
            await source.CopyToAsync(target, cancellationToken).ConfigureAwait(false);
        }
    }
}
