using Paris.Core;
using Paris.Core.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>
/// The decoder of a tiny autoencoder (TAESD, TAEF2 …): latents to images of eight times their sides, meant for 0 … 1 and not clamped.
/// Golden numbers: fixture taef2 (madebyollin/taesd). Keys are numbers, positions in the reference's sequence; diffusers writes
/// <c>decoder.layers.</c> and counts one less, because it keeps the first, which has no weights, elsewhere.
/// </summary>
public sealed class TinyDecoder : NamedModule<Tensor, Tensor>
{
    /// <summary>Positions of what has weights: a convolution, then per level three blocks and a convolution behind the doubling, a block, a convolution.</summary>
    private static readonly int[] _positions = [1, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15, 17, 18, 19];

    private static readonly Scalar _three = 3f;
    private static readonly KeyLayout _original = new("madebyollin/taesd", "1.weight", [(@"^layers\.", "")]);

    private static readonly KeyLayout _diffusers = new(
        "diffusers AutoencoderTiny",
        "decoder.layers.0.weight",
        [.. _positions.Select(at => ($@"^layers\.{at}\.", $"decoder.layers.{at - 1}."))],
        unused: @"^encoder\.");

    private readonly Dictionary<int, nn.Module<Tensor, Tensor>> _layers;

    /// <param name="latentChannels">L.</param>
    /// <param name="channels">C of the images.</param>
    /// <param name="width">Channels between.</param>
    /// <param name="pool">Whether the blocks at the smallest size see the whole picture.</param>
    public TinyDecoder(int latentChannels, int channels, int width = 64, bool pool = false)
        : base(nameof(TinyDecoder))
    {
        LatentChannels = latentChannels;
        _layers = _positions.ToDictionary(at => at, nn.Module<Tensor, Tensor> (at) => at switch
        {
            1 => nn.Conv2d(latentChannels, width, 3, padding: 1),
            7 or 12 or 17 => nn.Conv2d(width, width, 3, padding: 1, bias: false),
            19 => nn.Conv2d(width, channels, 3, padding: 1),
            _ => new TinyBlock(width, pool && at < 7),
        });
        register_module("layers", new Numbered([.. _layers.Select(layer => (layer.Key, (nn.Module)layer.Value))]));
        this.KeepTensors();
    }

    /// <summary>L.</summary>
    public int LatentChannels { get; }

    /// <summary>Loads safetensors; the dimensions are read from the tensors.</summary>
    /// <exception cref="ParisInputException">The file is no such decoder; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static TinyDecoder Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var layout = KeyLayout.Of(file, "tiny decoder", _diffusers, _original);
        var first = layout.Shape(file, "layers.1.weight", 4);
        var channels = (int)layout.Shape(file, "layers.19.weight", 4)[0];
        var pool = layout.Contains(file, "layers.3.pool.0.weight");
        return WeightFile.Loaded(() => new TinyDecoder((int)first[1], channels, (int)first[0], pool), file, layout);
    }

    /// <summary>Latents [B, L, h, w] to images [B, C, 8h, 8w].</summary>
    /// <exception cref="ParisInputException">The channels differ.</exception>
    public override Tensor forward(Tensor latents)
    {
        var s = latents.shape;
        if (s.Length != 4 || s[1] != LatentChannels)
        {
            throw new ParisInputException($"the latents are [{string.Join(", ", s)}]; this decoder takes [batch, {LatentChannels}, h, w].");
        }

        using var scope = NewDisposeScope();
        var x = (latents / _three).tanh() * _three; // no latent is far out
        foreach (var at in _positions)
        {
            if (at is 7 or 12 or 17)
            {
                x = Rescale.Double(x);
            }

            x = _layers[at].call(x);
            x = at == 1 ? nn.functional.relu(x) : x;
        }

        return x.MoveToOuterDisposeScope();
    }
}
