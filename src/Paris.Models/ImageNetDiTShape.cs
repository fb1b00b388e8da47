using Paris.Core.Formats;

namespace Paris.Models;

/// <summary>Every dimension of a class-conditional DiT as it was published for ImageNet.</summary>
/// <param name="Transformer">Its transformer; <see cref="DiTShape.Classes"/> without the null class.</param>
/// <param name="NullClass">Whether the table of labels has one more row, for guidance.</param>
/// <param name="LearnSigma">Whether the output has a second set of channels, for the variance.</param>
public sealed record ImageNetDiTShape(DiTShape Transformer, bool NullClass = true, bool LearnSigma = true)
{
    /// <summary>DiT-XL/2 at 256²: 32×32 latents, 1000 classes.</summary>
    public static ImageNetDiTShape XL2 { get; } = new(new DiTShape(4, 32, 1152, 28, 16, Condition: ConditionKind.Class, Classes: 1000));

    /// <summary>Channels of the output.</summary>
    public int OutputChannels => Transformer.Channels * (LearnSigma ? 2 : 1);

    /// <summary>The dimensions of a file of weights.</summary>
    internal static ImageNetDiTShape Of(SafetensorsFile file, KeyLayout layout, ModelConfig config)
    {
        var patches = layout.Shape(file, "patch_embed.weight", 4);
        var (hidden, channels, patch) = ((int)patches[0], (int)patches[1], (int)patches[2]);
        var labels = (int)layout.Shape(file, "class_embed", 2)[0];
        var outputs = layout.Shape(file, "final_layer.linear.weight", 2)[0] / (patch * patch);
        var nullClass = config.Double(0.1, "class_dropout_prob") > 0;
        var grid = (int)Math.Round(Math.Sqrt(layout.Shape(file, "pos_embed", 3)[1]));
        var transformer = new DiTShape(
            channels,
            grid * patch,
            hidden,
            layout.Count(file, "layers.#.mlp.0.weight"),
            config.Int(hidden == 1152 ? 16 : Math.Max(hidden / 64, 1), "num_heads", "num_attention_heads"),
            patch,
            (layout.Shape(file, "layers.0.mlp.0.weight", 2)[0] + 0.5) / hidden, // half more, because the width is rounded down from the ratio
            1e-6,
            ConditionKind.Class,
            Classes: labels - (nullClass ? 1 : 0));
        return new ImageNetDiTShape(transformer.Check(), nullClass, outputs == 2 * channels);
    }
}
