using System.Globalization;
using System.Text.Json;
using Paris.Core.Formats;
using Paris.Core.Interop;
using Paris.Core.Random;
using Paris.Core.Text;
using Paris.Models.Autoencoders;
using Paris.Models.Encoders;

namespace Paris.Benchmarks.Published;

/// <summary>
/// A folder in the layout of the released weights, filled with random numbers: what the real one asks of import, sampling and export, for
/// machines that do not have it. Experts, router, autoencoder and text encoder have the sizes and key names of the released ones unless
/// told otherwise; the tokenizer knows bytes and no merges. A seed gives the same bytes.
/// </summary>
public sealed record SyntheticEnsemble
{
    private const int Chunk = 1 << 20;

    public int Experts { get; init; } = 8;

    public TensorType Type { get; init; } = TensorType.F16;

    /// <summary>Side of the latents.</summary>
    public int Side { get; init; } = 32;

    public ulong Seed { get; init; } = 42;

    /// <summary>Standard deviation of every number.</summary>
    public float Spread { get; init; } = 0.02f;

    /// <summary>Of every expert, but for its number; DiT-XL/2, 605,970,448 parameters.</summary>
    public PublishedExpertConfig Expert { get; init; } = new()
    {
        HiddenSize = 1152,
        NumLayers = 28,
        NumHeads = 16,
        PatchSize = 2,
        InChannels = 4,
        OutChannels = 4,
        UseTextConditioning = true,
        NumClasses = 1000,
        TextEmbedDim = 768,
        CfgDropoutProb = 0.1,
    };

    /// <summary>Its clusters are the experts; DiT-B/2, 129,136,904 parameters.</summary>
    public PublishedRouterConfig Router { get; init; } = new() { HiddenSize = 768, NumLayers = 12, NumHeads = 12, PatchSize = 2, InChannels = 4 };

    public ClipTextShape Text { get; init; } = ClipTextShape.Large;

    public AutoencoderKLShape Autoencoder { get; init; } = AutoencoderKLShape.StableDiffusion;

    /// <summary>Writes the folder; says what each file holds.</summary>
    /// <param name="folder">A new one.</param>
    /// <param name="written">Called after every file of weights with its name and its numbers.</param>
    public void Write(string folder, Action<string, long>? written = null)
    {
        var root = new PublishedConfig
        {
            NumExperts = Experts,
            ExperimentName = "synthetic",
            DatasetName = "random numbers",
            ImageSize = Side,
            NumChannels = Expert.InChannels,
            VaeName = "random numbers",
            TextEncoderName = "random numbers",
        };
        Put(folder, "config.json", PublishedJson.Write(root));
        for (var k = 0; k < Experts; k++)
        {
            var config = Expert with { ExpertId = k };
            var name = PublishedEnsemble.ExpertFolder(k);
            Put(folder, $"{name}/config.json", PublishedJson.Write(config));
            Weights($"{name}/{PublishedEnsemble.ExpertWeights}", PublishedShapes.Expert(config, Side), k);
        }

        var router = Router with { NumClusters = Experts };
        Put(folder, "router/config.json", PublishedJson.Write(router));
        Weights($"router/{PublishedEnsemble.RouterWeights}", PublishedShapes.Router(router, Side), Experts);

        Json(folder, "vae/config.json", new { _class_name = "AutoencoderKL", latent_channels = Autoencoder.LatentChannels, norm_num_groups = Autoencoder.Groups, scaling_factor = Autoencoder.ScalingFactor });
        using (var model = new AutoencoderKL(Autoencoder))
        {
            // The model's own keys are those of diffusers.
            Weights("vae/diffusion_pytorch_model.safetensors", model.state_dict().ToDictionary(x => x.Key, x => x.Value.shape), Experts + 1);
        }

        Json(folder, "text_encoder/config.json", new { num_attention_heads = Text.Heads, hidden_act = Text.QuickGelu ? "quick_gelu" : "gelu", eos_token_id = Text.EndToken });
        Weights("text_encoder/model.safetensors", TextShapes(), Experts + 2);
        WriteTokenizer(folder);

        void Weights(string file, IReadOnlyDictionary<string, long[]> shapes, int stream)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, file))!);
            TensorSpec[] tensors = [.. shapes.Select(x => new TensorSpec(x.Key, Type, x.Value))];
            using var target = File.Create(Path.Combine(folder, file));
            var writer = new SafetensorsWriter(target, tensors);
            var buffer = new float[Chunk];
            foreach (var (place, tensor) in tensors.Index())
            {
                for (var (left, offset) = (tensor.ElementCount, 0L); left > 0;)
                {
                    var part = buffer.AsSpan(0, (int)Math.Min(left, Chunk));
                    new PhiloxKey(Seed, RandomPurpose.Simulation, stream, place).FillNormal(part, offset);
                    System.Numerics.Tensors.TensorPrimitives.Multiply(part, Spread, part);
                    writer.AppendSingles(tensor.Name, part);
                    (left, offset) = (left - part.Length, offset + part.Length);
                }
            }

            writer.Complete();
            written?.Invoke(file, tensors.Sum(x => x.ElementCount));
        }
    }

    /// <summary>The names of Hugging Face's CLIPTextModel.</summary>
    private Dictionary<string, long[]> TextShapes()
    {
        long d = Text.Hidden;
        var mlp = Text.MlpHidden > 0 ? Text.MlpHidden : 4 * d;
        var shapes = new Dictionary<string, long[]>
        {
            ["text_model.embeddings.token_embedding.weight"] = [Text.Vocabulary, d],
            ["text_model.embeddings.position_embedding.weight"] = [Text.Context, d],
        };
        void Affine(string name, params long[] shape) => (shapes[$"{name}.weight"], shapes[$"{name}.bias"]) = (shape, [shape[0]]);
        for (var i = 0; i < Text.Layers; i++)
        {
            var layer = string.Create(CultureInfo.InvariantCulture, $"text_model.encoder.layers.{i}");
            Affine($"{layer}.layer_norm1", d);
            Affine($"{layer}.layer_norm2", d);
            foreach (var projection in new[] { "q_proj", "k_proj", "v_proj", "out_proj" })
            {
                Affine($"{layer}.self_attn.{projection}", d, d);
            }

            Affine($"{layer}.mlp.fc1", mlp, d);
            Affine($"{layer}.mlp.fc2", d, mlp);
        }

        Affine("text_model.final_layer_norm", d);
        return shapes;
    }

    /// <summary>A symbol a byte, one a byte at a word's end, the two ends of a text at the top of the vocabulary; no merges.</summary>
    private void WriteTokenizer(string folder)
    {
        string[] symbols = [.. ClipVocabulary.ByteSymbols.Select(x => x.ToString())];
        var tokens = symbols.Concat(symbols.Select(x => $"{x}</w>")).Index().ToDictionary(x => x.Item, x => (long)x.Index);
        tokens[ClipVocabulary.StartOfText] = Text.EndToken - 1;
        tokens[ClipVocabulary.EndOfText] = Text.EndToken;
        Json(folder, "tokenizer/vocab.json", tokens);
        Put(folder, "tokenizer/merges.txt", "#version: 0.2\n"u8.ToArray());
    }

    private static void Json(string folder, string file, object value) => Put(folder, file, JsonSerializer.SerializeToUtf8Bytes(value));

    private static void Put(string folder, string file, byte[] bytes)
    {
        var path = Path.Combine(folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }
}
