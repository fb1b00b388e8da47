using Paris.Core;
using Paris.Core.Formats;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// The small convolutional autoencoder that a run trains for itself: two halvings, so an image [C, H, W] becomes latents
/// [L, H/4, W/4]. Keys: <c>encoder.0 … 3</c>, <c>decoder.0 … 3</c>.
/// </summary>
public sealed class Autoencoder : NamedModule<Tensor, Tensor>
{
    /// <summary>Image side over latent side.</summary>
    public const int Factor = 4;

    private const string First = "encoder.0.weight";

    private const string Last = "decoder.3.weight";

    /// <summary>Width of the decoder's first layer.</summary>
    private const int DecoderWidth = 64;

    private readonly Conv2d[] _encoder;
    private readonly Conv2d[] _decoder;
    private readonly ConvTranspose2d[] _upsampling;

    /// <param name="channels">C of the images.</param>
    /// <param name="latentChannels">L.</param>
    /// <param name="width">Channels after the first halving; twice as many after the second.</param>
    public Autoencoder(int channels, int latentChannels, int width)
        : base(nameof(Autoencoder))
    {
        if (channels < 1 || latentChannels < 1 || width < 1)
        {
            throw new ParisInputException($"an autoencoder needs positive dimensions, not {channels} channels, {latentChannels} latent channels, width {width}.");
        }

        (Channels, LatentChannels) = (channels, latentChannels);
        _encoder =
        [
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.Conv2d(2 * width, 2 * width, 3, 1, 1),
            nn.Conv2d(2 * width, 2 * latentChannels, 1),
        ];
        _decoder =
        [
            nn.Conv2d(latentChannels, DecoderWidth, 3, 1, 1),
            nn.Conv2d(DecoderWidth, 2 * width, 3, 1, 1),
        ];
        _upsampling =
        [
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.ConvTranspose2d(width, channels, 4, 2, 1),
        ];
        register_module("encoder", new ModuleList<nn.Module>(_encoder));
        register_module("decoder", new ModuleList<nn.Module>([.. _decoder, .. _upsampling]));
        this.KeepTensors();
    }

    /// <summary>Whether a file holds one of these, by its keys.</summary>
    public static bool IsIn(SafetensorsFile file) => file.Contains(First) && file.Contains(Last);

    /// <summary>Loads safetensors; the dimensions are read from the tensors.</summary>
    /// <exception cref="ParisInputException">The file is no such autoencoder; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static Autoencoder Load(SafetensorsFile file)
    {
        var (width, channels) = (KeyLayout.Own.Shape(file, First, 4)[0], KeyLayout.Own.Shape(file, First, 4)[1]);
        var latents = KeyLayout.Own.Shape(file, "decoder.0.weight", 4)[1];
        return WeightFile.Loaded(() => new Autoencoder((int)channels, (int)latents, (int)width), file);
    }

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>L.</summary>
    public int LatentChannels { get; }

    /// <summary>Images [B, C, H, W] in −1 … 1 to the posterior's mean and log-variance, each [B, L, H/4, W/4].</summary>
    /// <exception cref="ParisInputException">The sides are not divisible by 4, or the channels differ.</exception>
    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        var s = images.shape;
        if (s.Length != 4 || s[1] != Channels || s[2] % Factor != 0 || s[3] % Factor != 0)
        {
            throw new ParisInputException($"the images are [{string.Join(", ", s)}]; this autoencoder takes [batch, {Channels}, H, W] with sides divisible by {Factor}.");
        }

        var h = images;
        foreach (var layer in _encoder.AsSpan(0, 3))
        {
            h = nn.functional.silu(layer.call(h));
        }

        var moments = _encoder[3].call(h).chunk(2, 1);
        return (moments[0], moments[1]);
    }

    /// <summary>Latents [B, L, h, w] (not standardised) to images [B, C, 4h, 4w]; values may leave −1 … 1 a little.</summary>
    public Tensor Decode(Tensor latents)
    {
        var s = latents.shape;
        if (s.Length != 4 || s[1] != LatentChannels)
        {
            throw new ParisInputException($"the latents are [{string.Join(", ", s)}]; this autoencoder takes [batch, {LatentChannels}, h, w].");
        }

        var h = latents;
        foreach (var layer in _decoder)
        {
            h = nn.functional.silu(layer.call(h));
        }

        return _upsampling[1].call(nn.functional.silu(_upsampling[0].call(h)));
    }

    /// <summary>Images through the posterior's mean and back.</summary>
    public override Tensor forward(Tensor images) => Decode(Encode(images).Mean);
}
