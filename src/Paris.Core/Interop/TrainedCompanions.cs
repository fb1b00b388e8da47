using System.Globalization;
using Paris.Core.Jobs;
using Paris.Core.Specs;
using Paris.Core.Storage;

namespace Paris.Core.Interop;

/// <summary>
/// What a run trained here needs beside its experts and router to draw images, as files of a published folder: autoencoder and text
/// encoder. Published ones go out as they came in; the run's own have a <c>_class_name</c> of ours, because no other tool knows them.
/// </summary>
public sealed class TrainedCompanions
{
    /// <summary>Role of a published autoencoder's configuration among the outputs of the autoencoder job.</summary>
    public const string AutoencoderConfigRole = "config";

    /// <summary>Role of the words' state among the outputs of the encode job; CLIP's files have it and their own name after a slash.</summary>
    public const string TextEncoderRole = "text-encoder";

    /// <summary>The words' state in a published folder.</summary>
    public const string WordVectorsFile = "text_encoder/word_vectors.safetensors";

    /// <summary>Hugging Face's file that says how many tokens a text has.</summary>
    public const string TokenizerConfigFile = "tokenizer/tokenizer_config.json";

    private const string AutoencoderWeights = "vae/diffusion_pytorch_model.safetensors";

    private TrainedCompanions(IReadOnlyList<(string File, BlobEntry Blob)> blobs, IReadOnlyDictionary<string, byte[]> configurations, string autoencoder, string text)
        => (Blobs, Configurations, Autoencoder, Text) = (blobs, configurations, autoencoder, text);

    /// <summary>Files of the folder that lie in the store.</summary>
    public IReadOnlyList<(string File, BlobEntry Blob)> Blobs { get; }

    /// <summary>Files of the folder that are written at the export.</summary>
    public IReadOnlyDictionary<string, byte[]> Configurations { get; }

    /// <summary>For the root's <c>vae_name</c>.</summary>
    public string Autoencoder { get; }

    /// <summary>For the root's <c>text_encoder_name</c>.</summary>
    public string Text { get; }

    /// <summary>Reads from the store what the run's jobs left there.</summary>
    /// <exception cref="ParisInputException">A job that made one of them is not finished.</exception>
    public static async Task<TrainedCompanions> ReadAsync(IBlobStore store, RunSpec spec, CancellationToken cancellationToken)
    {
        var blobs = new List<(string File, BlobEntry Blob)>();
        var configurations = new Dictionary<string, byte[]>();
        async Task<IReadOnlyDictionary<string, BlobEntry>> OutputsAsync(JobKind kind)
        {
            var job = new JobId(spec.Name, kind);
            var result = await JobFence.ReadResultAsync(store, job, cancellationToken).ConfigureAwait(false);
            return result?.Outputs ?? throw new ParisInputException($"{job.Key} is not finished; export a run that is complete.");
        }

        if (spec.Autoencoder is { } autoencoder)
        {
            var outputs = await OutputsAsync(JobKind.TrainAutoencoder).ConfigureAwait(false);
            blobs.Add((AutoencoderWeights, outputs["model"]));
            if (outputs.TryGetValue(AutoencoderConfigRole, out var config))
            {
                blobs.Add(("vae/config.json", config));
            }
            else if (autoencoder.Weights is null)
            {
                configurations["vae/config.json"] = PublishedJson.Write(new { _class_name = "ParisAutoencoder", autoencoder.LatentChannels, autoencoder.Width });
            }
        }

        if (spec.Text is { } text)
        {
            foreach (var (role, blob) in await OutputsAsync(JobKind.Encode).ConfigureAwait(false))
            {
                if (role == TextEncoderRole)
                {
                    blobs.Add((WordVectorsFile, blob));
                    configurations["text_encoder/config.json"] = PublishedJson.Write(new { _class_name = "ParisWordVectors", hidden_size = text.Dimension });
                }
                else if (role.StartsWith(TextEncoderRole + "/", StringComparison.Ordinal))
                {
                    var name = role[(TextEncoderRole.Length + 1)..];
                    blobs.Add(($"{(name is "config.json" || name.EndsWith(".safetensors", StringComparison.Ordinal) ? "text_encoder" : "tokenizer")}/{name}", blob));
                }
            }

            if (text.Encoder == "clip" && text.Tokens > 0)
            {
                configurations[TokenizerConfigFile] = PublishedJson.Write(new { model_max_length = text.Tokens });
            }
        }

        return new TrainedCompanions(
            blobs,
            configurations,
            spec.Autoencoder is null ? "none" : spec.Autoencoder.Weights is { } weights ? Path.GetFileName(weights.TrimEnd('/')) : "trained with the run",
            spec.Text is null ? "none" : spec.Text.Weights is { } clip ? Path.GetFileName(clip.TrimEnd('/')) : string.Create(CultureInfo.InvariantCulture, $"word vectors of the captions, {spec.Text.Dimension} wide"));
    }
}
