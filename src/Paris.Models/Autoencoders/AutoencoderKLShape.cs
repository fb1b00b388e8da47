using System.Collections.Immutable;
using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Models.Autoencoders;

/// <summary>Every dimension of a Stable Diffusion autoencoder.</summary>
/// <param name="Widths">Channels of each level, finest first; each level but the last halves the sides.</param>
/// <param name="BlocksPerLevel">Residual blocks a level in the encoder; the decoder has one more.</param>
/// <param name="LatentChannels">L.</param>
/// <param name="Channels">C of the images.</param>
/// <param name="Groups">Of every group norm.</param>
/// <param name="NormEps">Of every group norm.</param>
/// <param name="ScalingFactor">Latents are multiplied by it before a diffusion model sees them.</param>
public sealed record AutoencoderKLShape(
    ImmutableArray<int> Widths,
    int BlocksPerLevel = 2,
    int LatentChannels = 4,
    int Channels = 3,
    int Groups = 32,
    double NormEps = 1e-6,
    double ScalingFactor = 0.18215)
{
    /// <summary>stabilityai/sd-vae-ft-mse: the autoencoder of the Paris paper.</summary>
    public static AutoencoderKLShape StableDiffusion { get; } = new([128, 256, 512, 512]);

    /// <summary>Image side over latent side.</summary>
    public int Factor => 1 << (Widths.Length - 1);

    /// <summary>The dimensions of a file of weights.</summary>
    /// <exception cref="ParisInputException">A tensor that tells a dimension is missing or has another rank, or the groups do not divide the channels.</exception>
    internal static AutoencoderKLShape Of(SafetensorsFile file, KeyLayout layout, ModelConfig config)
    {
        var levels = layout.Count(file, "encoder.down_blocks.#.resnets.0.conv1.weight");
        var widths = Enumerable.Range(0, levels).Select(i => (int)layout.Shape(file, $"encoder.down_blocks.{i}.resnets.0.conv1.weight", 4)[0]);
        var shape = new AutoencoderKLShape(
            [.. widths],
            layout.Count(file, "encoder.down_blocks.0.resnets.#.conv1.weight"),
            (int)layout.Shape(file, "decoder.conv_in.weight", 4)[1],
            (int)layout.Shape(file, "encoder.conv_in.weight", 4)[1],
            config.Int(32, "norm_num_groups"),
            1e-6,
            config.Double(0.18215, "scaling_factor"));
        return levels < 1 || shape.Groups < 1 || shape.Widths.Any(width => width % shape.Groups != 0)
            ? throw new ParisInputException(
                $"{file.Source}: {shape.Groups} groups do not divide the channels {string.Join(", ", shape.Widths)} of {levels} levels; 'norm_num_groups' of config.json tells the groups.")
            : shape;
    }
}
