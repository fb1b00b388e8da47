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
/// Writes a run's ensemble as a folder in the published layout, with a model card. Weights are streamed and their SHA-256 is checked on
/// the way; the folder appears under its name when it is complete.
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

        List<(string File, BlobEntry Model, JobResult Result)> parts = [];
        for (var k = 0; k < spec.Clustering.Clusters; k++)
        {
            var (model, result) = await ModelAsync(JobId.ForExpert(run, k), cancellationToken).ConfigureAwait(false);
            parts.Add(($"{PublishedEnsemble.ExpertFolder(k)}/{PublishedEnsemble.ExpertWeights}", model, result));
        }

        var (router, routed) = await ModelAsync(new JobId(run, JobKind.TrainRouter), cancellationToken).ConfigureAwait(false);
        parts.Add(($"router/{PublishedEnsemble.RouterWeights}", router, routed));

        var partial = folder.TrimEnd('/') + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        try
        {
            var total = parts.Sum(x => x.Model.Bytes);
            long done = 0;
            foreach (var (file, model, _) in parts)
            {
                await CopyAsync(model, Path.Combine(partial, file), cancellationToken).ConfigureAwait(false);
                done += model.Bytes;
                progress?.Invoke(file, done, total);
            }

            await WriteConfigurationAsync(spec, partial, cancellationToken).ConfigureAwait(false);
            if (!File.Exists(Path.Combine(partial, "README.md")))
            {
                await File.WriteAllTextAsync(Path.Combine(partial, "README.md"), ModelCard.Write(spec, [.. parts.Select(x => x.Result)], notes), cancellationToken).ConfigureAwait(false);
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

    private async Task WriteConfigurationAsync(RunSpec spec, string folder, CancellationToken cancellationToken)
    {
        var router = spec.Router.Model;
        var (channels, side) = spec.LatentShape();
        for (var k = 0; k < spec.Clustering.Clusters; k++)
        {
            var expert = spec.ExpertOf(k).Model;
            await File.WriteAllBytesAsync(Path.Combine(folder, PublishedEnsemble.ExpertFolder(k), "config.json"), PublishedJson.Write(new PublishedExpertConfig
            {
                ExpertId = k,
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
                Objective = spec.Expert.LearnsNoise(k) ? "ddpm" : null,
            }), cancellationToken).ConfigureAwait(false);
        }

        await File.WriteAllBytesAsync(Path.Combine(folder, "router", "config.json"), PublishedJson.Write(new PublishedRouterConfig
        {
            NumClusters = spec.Clustering.Clusters,
            HiddenSize = router.Hidden,
            NumLayers = router.Layers,
            NumHeads = router.Heads,
            PatchSize = router.Patch,
            InChannels = channels,
            NormEps = Eps(router),
        }), cancellationToken).ConfigureAwait(false);

        await File.WriteAllBytesAsync(Path.Combine(folder, "config.json"), PublishedJson.Write(new PublishedConfig
        {
            ModelName = spec.Import?.Source ?? run,
            NumExperts = spec.Clustering.Clusters,
            ExperimentName = run,
            DatasetName = notes.Dataset ?? spec.Import?.Dataset ?? Path.GetFileName(spec.Data.Images),
            ImageSize = side,
            NumChannels = channels,
            UseLatents = spec.Autoencoder is not null || spec.Import is not null,
        }), cancellationToken).ConfigureAwait(false);

        // What came along at the import goes out as it came in.
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
