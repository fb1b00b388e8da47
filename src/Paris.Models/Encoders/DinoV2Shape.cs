using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Models.Encoders;

/// <summary>Every dimension of a DINOv2 vision transformer.</summary>
/// <param name="Hidden">D.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Heads">Heads; 64 numbers each in the released models.</param>
/// <param name="Patch">Side of a patch in pixels.</param>
/// <param name="Grid">M: patches a side of the images it was trained on, 37 in the released models (518 pixels).</param>
/// <param name="MlpHidden">Width of the feed-forward network.</param>
/// <param name="SwiGlu">The gated feed-forward network of ViT-g.</param>
/// <param name="Registers">Register tokens.</param>
/// <param name="Channels">C of the images.</param>
/// <param name="NormEps">Of every layer norm.</param>
public sealed record DinoV2Shape(
    int Hidden,
    int Layers,
    int Heads,
    int Patch = 14,
    int Grid = 37,
    int MlpHidden = 0,
    bool SwiGlu = false,
    int Registers = 0,
    int Channels = 3,
    double NormEps = 1e-6)
{
    public static DinoV2Shape Small { get; } = new(384, 12, 6, MlpHidden: 1536);

    public static DinoV2Shape Base { get; } = new(768, 12, 12, MlpHidden: 3072);

    /// <summary>The image features of the Paris paper.</summary>
    public static DinoV2Shape Large { get; } = new(1024, 24, 16, MlpHidden: 4096);

    public static DinoV2Shape Giant { get; } = new(1536, 40, 24, MlpHidden: 4096, SwiGlu: true);

    /// <summary>The position form of the released model of this shape.</summary>
    public PositionForm ReleasedForm => Registers > 0 ? PositionForm.Antialiased : PositionForm.Offset;

    /// <summary>The dimensions of a file of weights.</summary>
    /// <exception cref="ParisInputException">A tensor that tells a dimension is missing or has another rank, or the dimensions do not fit together.</exception>
    internal static DinoV2Shape Of(SafetensorsFile file, KeyLayout layout, ModelConfig config)
    {
        var patches = layout.Shape(file, "patch_embed.weight", 4);
        var (hidden, tokens) = ((int)patches[0], layout.Shape(file, "pos_embed", 3)[1]);
        var gated = layout.Contains(file, "blocks.0.mlp.w12.weight");
        var shape = new DinoV2Shape(
            hidden,
            layout.Count(file, "blocks.#.norm1.weight"),
            config.Int(Math.Max(hidden / 64, 1), "num_attention_heads", "num_heads"),
            (int)patches[2],
            (int)Math.Round(Math.Sqrt(tokens - 1)),
            gated ? (int)layout.Shape(file, "blocks.0.mlp.w3.weight", 2)[1] : (int)layout.Shape(file, "blocks.0.mlp.0.weight", 2)[0],
            gated,
            layout.Contains(file, "register_tokens") ? (int)layout.Shape(file, "register_tokens", 3)[1] : 0,
            (int)patches[1],
            config.Double(1e-6, "layer_norm_eps"));
        return shape.Layers < 1 || shape.Hidden % shape.Heads != 0 || ((long)shape.Grid * shape.Grid) + 1 != tokens
            ? throw new ParisInputException(
                $"{file.Source}: {shape.Layers} layers of width {hidden} with {shape.Heads} heads and {tokens} positions are no DINOv2 model: "
                + "heads divide the width, positions are one class token and a square.")
            : shape;
    }
}
