using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Core.Jobs;
using Paris.Core.Storage;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Jobs;

namespace Paris.Training.Text;

/// <summary>The text encoder of a run: made by its encode job, which leaves all of it in the store, and loaded from there for prompts.</summary>
public static class TextEncoders
{
    /// <summary>Outputs of the encode job: the words' state, or CLIP's files under this and their own names.</summary>
    public const string Role = TrainedCompanions.TextEncoderRole;

    private const string FilePrefix = Role + "/";

    /// <summary>Longest text that a configuration is believed; CLIP's context is 77.</summary>
    private const double MostTokensSaid = 4096;

    /// <summary>Says before anything is read that the encoder's files are not there or do not fit the models; does nothing without text.</summary>
    /// <exception cref="ParisInputException">The message names the file or the two widths.</exception>
    public static void CheckSources(JobContext context)
    {
        if (context.Spec.Text is not { Encoder: ClipTextEncoder.EncoderName })
        {
            return;
        }

        var files = FindClip(context);
        using var weights = WeightsOnDisk.Open(files.Weights);
        CheckWidth(context, Models.Encoders.ClipText.ReadShape(weights.Path, files.Config is null ? ModelConfig.Empty : ModelConfig.Read(files.Config)).Hidden);
    }

    /// <summary>For the encode job of revision 1: fits or opens the encoder.</summary>
    /// <param name="context">The job.</param>
    /// <param name="captions">The run's captions, in the order of their images.</param>
    /// <exception cref="ParisInputException">There is nothing to fit, a file is not there, or the models have another width.</exception>
    public static ITextEncoder Create(JobContext context, IReadOnlyList<string> captions)
    {
        var spec = context.Spec.Text!;
        ITextEncoder encoder = spec.Encoder == WordsTextEncoder.EncoderName
            ? WordsTextEncoder.Fit(captions, spec.Tokens > 0 ? spec.Tokens : WordsTextEncoder.DefaultTokens, spec.Dimension, context.Spec.Seed)
            : ClipTextEncoder.Open(FindClip(context), spec.Tokens > 0 ? spec.Tokens : null);
        return Fitting(context, encoder);
    }

    /// <summary>Uploads what <see cref="Load"/> needs, so that prompts can be encoded on any machine of the cluster.</summary>
    /// <returns>Outputs by role.</returns>
    public static IReadOnlyDictionary<string, BlobEntry> Save(JobContext context, ITextEncoder encoder)
    {
        if (encoder is WordsTextEncoder words)
        {
            return new Dictionary<string, BlobEntry> { [Role] = JobContext.Await(context.Fence.PutOutputAsync("text-encoder.safetensors", words.Save())) };
        }

        var files = FindClip(context);
        using var weights = WeightsOnDisk.Open(files.Weights);
        var outputs = new Dictionary<string, BlobEntry>();
        Put(weights.Path, ClipTextFiles.WeightsName);
        foreach (var file in files.Tokenizer.Concat(files.Config is null ? [] : [files.Config]))
        {
            Put(file, Path.GetFileName(file));
        }

        return outputs;

        void Put(string path, string name)
        {
            using var stream = File.OpenRead(path);
            outputs[FilePrefix + name] = JobContext.Await(context.Fence.PutOutputAsync(FilePrefix + name, stream));
        }
    }

    /// <summary>The encoder of a trained run, or the one that came along with an imported one.</summary>
    /// <exception cref="ParisInputException">The run has none, or it is damaged.</exception>
    public static ITextEncoder Load(JobContext context)
    {
        if (context.Spec.Import is not null)
        {
            return LoadImported(context);
        }

        var outputs = context.Require(JobKind.Encode).Outputs;
        if (outputs.TryGetValue(Role, out var state))
        {
            using var file = context.OpenTensors(state);
            return WordsTextEncoder.Load(file);
        }

        var parts = outputs.Where(x => x.Key.StartsWith(FilePrefix, StringComparison.Ordinal)).ToArray();
        if (parts.Length == 0)
        {
            throw new ParisInputException($"run '{context.Spec.Name}' has no text encoder; its spec needs a section 'text'.");
        }

        using var folder = new TemporaryFolder();
        foreach (var (role, entry) in parts)
        {
            folder.Write(role[FilePrefix.Length..], context.Store, entry.Name, entry.Sha256);
        }

        return ClipTextEncoder.Open(ClipTextFiles.Find(folder.Path), context.Spec.Text is { Tokens: > 0 and var tokens } ? tokens : null);
    }

    private static ITextEncoder LoadImported(JobContext context)
    {
        var run = context.Spec.Name;
        if (!context.Spec.Import!.Text)
        {
            throw new ParisInputException($"run '{run}' was imported without a text encoder, so prompts cannot be read; import it again from a folder with text_encoder and tokenizer.");
        }

        // What a run trained here has learned of its captions, or CLIP.
        if (JobContext.Await(context.Store.GetAsync(EnsembleImport.CompanionName(run, TrainedCompanions.WordVectorsFile))) is { } words)
        {
            using var stream = new MemoryStream(words.Bytes);
            using var file = SafetensorsFile.FromStream(stream, EnsembleImport.CompanionName(run, TrainedCompanions.WordVectorsFile));
            return Fitting(context, WordsTextEncoder.Load(file));
        }

        using var folder = new TemporaryFolder();
        foreach (var part in new[] { "text_encoder/", "tokenizer/" })
        {
            var prefix = EnsembleImport.CompanionName(run, part);
            foreach (var blob in context.Store.ListAsync(prefix).ToBlockingEnumerable().ToList())
            {
                folder.Write(part + blob.Name[prefix.Length..], context.Store, blob.Name);
            }
        }

        var files = ClipTextFiles.Find(folder.Path);
        return Fitting(context, ClipTextEncoder.Open(files, MostTokens(Path.Combine(folder.Path, TrainedCompanions.TokenizerConfigFile))));
    }

    /// <summary>What a tokenizer's configuration says of a text's length; null where it says nothing, or the huge number that means nothing.</summary>
    private static int? MostTokens(string path)
        => File.Exists(path) && ModelConfig.Read(path).Double(0, "model_max_length") is >= 2 and <= MostTokensSaid and var tokens ? (int)tokens : null;

    /// <summary>The encoder, unless the models have another width.</summary>
    private static ITextEncoder Fitting(JobContext context, ITextEncoder encoder)
    {
        try
        {
            CheckWidth(context, encoder.Shape.Dimension);
            return encoder;
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    private static ClipTextFiles FindClip(JobContext context)
        => ClipTextFiles.Find(SourcePath.Resolve(context.Spec.Text!.Weights ?? "", "text.weights", context.SourceRoots));

    private static void CheckWidth(JobContext context, int width)
    {
        var (expert, router) = (context.Spec.Expert.Model, context.Spec.Router.Model);
        if (expert.Condition == "text" && expert.TextDim != width)
        {
            throw new ParisInputException($"'expert.model.textDim' is {expert.TextDim}, but the text encoder is {width} wide; they must be equal.");
        }

        if (router.Conditioning == Paris.Core.Specs.ModelSpec.PooledText && router.TextDim != width)
        {
            throw new ParisInputException($"'router.model.textDim' is {router.TextDim}, but the text encoder's pooled text is {width} wide; they must be equal.");
        }
    }

    /// <summary>Files of the store as files of this machine, for readers that map them.</summary>
    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("paris-text-").FullName;

        public void Write(string name, IBlobStore store, string blob, string? sha256 = null)
        {
            var path = System.IO.Path.Combine(Path, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            using (var target = File.Create(path))
            using (var source = JobContext.Await(store.OpenReadAsync(blob)))
            {
                source.CopyTo(target);
            }

            if (sha256 is not null)
            {
                using var written = File.OpenRead(path);
                var actual = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(written));
                if (actual != sha256)
                {
                    throw new ParisInputException($"Blob '{blob}' in {store.Description} is damaged: its SHA-256 is {actual}, listed is {sha256}; run the job that writes it again.");
                }
            }
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
