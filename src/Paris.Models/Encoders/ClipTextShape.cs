using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Models.Encoders;

/// <summary>Every dimension of a CLIP text encoder.</summary>
/// <param name="Hidden">D.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Heads">Heads; 64 numbers each in the released models.</param>
/// <param name="Vocabulary">Tokens it knows.</param>
/// <param name="Context">Longest text in tokens.</param>
/// <param name="MlpHidden">Width of the MLP.</param>
/// <param name="Projection">Width of the joint space with images; 0 without a projection.</param>
/// <param name="EndToken">The token that ends a text.</param>
/// <param name="QuickGelu">x·σ(1.702x) as in OpenAI's models; the exact GELU otherwise.</param>
/// <param name="NormEps">Of every layer norm.</param>
public sealed record ClipTextShape(
    int Hidden,
    int Layers,
    int Heads,
    int Vocabulary = 49408,
    int Context = 77,
    int MlpHidden = 0,
    int Projection = 0,
    long EndToken = 49407,
    bool QuickGelu = true,
    double NormEps = 1e-5)
{
    /// <summary>The text tower of ViT-L/14: the text encoder of the Paris paper.</summary>
    public static ClipTextShape Large { get; } = new(768, 12, 12, MlpHidden: 3072);

    /// <summary>The dimensions of a file of weights.</summary>
    /// <exception cref="ParisInputException">A tensor that tells a dimension is missing or has another rank, or the dimensions do not fit together.</exception>
    internal static ClipTextShape Of(SafetensorsFile file, KeyLayout layout, ModelConfig config)
    {
        var tokens = layout.Shape(file, "token_embedding", 2);
        var (vocabulary, hidden) = ((int)tokens[0], (int)tokens[1]);
        var end = config.Int(vocabulary - 1, "eos_token_id");
        var shape = new ClipTextShape(
            hidden,
            layout.Count(file, "layers.#.ln_1.weight"),
            config.Int(Math.Max(hidden / 64, 1), "num_attention_heads", "heads", "transformer_heads"),
            vocabulary,
            (int)layout.Shape(file, "positional_embedding", 2)[0],
            (int)layout.Shape(file, "layers.0.mlp.0.weight", 2)[0],
            layout.Contains(file, "text_projection.weight") ? (int)layout.Shape(file, "text_projection.weight", 2)[0] : 0,
            end == 2 ? vocabulary - 1 : end, // many published configurations say 2; the token is the highest all the same
            config.Text("quick_gelu", "hidden_act") switch
            {
                "quick_gelu" => true,
                "gelu" => false,
                var other => throw new ParisInputException($"{file.Source}: a CLIP text encoder's hidden_act is quick_gelu or gelu, not {other}."),
            },
            config.Double(1e-5, "layer_norm_eps"));
        return shape.Layers < 1 || hidden % shape.Heads != 0
            ? throw new ParisInputException($"{file.Source}: {shape.Layers} layers of width {hidden} with {shape.Heads} heads are no CLIP text encoder: heads divide the width.")
            : shape;
    }
}
