using Paris.Core;
using Paris.Core.Formats;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>
/// The encoder of a tiny autoencoder (TAESD, TAEF2 …): images in 0 … 1 to latents of an eighth of their sides. Golden numbers: fixture taef2
/// (madebyollin/taesd). Keys are numbers, positions in the reference's sequence; diffusers puts <c>encoder.layers.</c> before them.
/// </summary>
public sealed class TinyEncoder : NamedModule<Tensor, Tensor>
{
    private static readonly KeyLayout _original = new("madebyollin/taesd", "0.weight", [(@"^layers\.", "")]);
    private static readonly KeyLayout _diffusers = new("diffusers AutoencoderTiny", "encoder.layers.0.weight", [("^", "encoder.")], unused: @"^decoder\.");

    private readonly nn.Module<Tensor, Tensor>[] _sequence;

    /// <param name="channels">C of the images.</param>
    /// <param name="latentChannels">L.</param>
    /// <param name="width">Channels between.</param>
    /// <param name="pool">Whether the blocks at the smallest size see the whole picture.</param>
    public TinyEncoder(int channels, int latentChannels, int width = 64, bool pool = false)
        : base(nameof(TinyEncoder))
    {
        (Channels, LatentChannels) = (channels, latentChannels);
        var layers = new List<nn.Module<Tensor, Tensor>> { nn.Conv2d(channels, width, 3, padding: 1), new TinyBlock(width, false) };
        for (var level = 0; level < 3; level++)
        {
            layers.Add(nn.Conv2d(width, width, 3, stride: 2, padding: 1, bias: false));
            layers.AddRange(Enumerable.Range(0, 3).Select(_ => new TinyBlock(width, pool && level == 2)));
        }

        layers.Add(nn.Conv2d(width, latentChannels, 3, padding: 1));
        _sequence = [.. layers];
        register_module("layers", new ModuleList<nn.Module>(_sequence));
        this.KeepTensors();
    }

    /// <summary>Image side over latent side.</summary>
    public static int Factor => 8;

    /// <summary>C.</summary>
    public int Channels { get; }

    /// <summary>L.</summary>
    public int LatentChannels { get; }

    /// <summary>Loads safetensors; the dimensions are read from the tensors.</summary>
    /// <exception cref="ParisInputException">The file is no such encoder; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static TinyEncoder Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var layout = KeyLayout.Of(file, "tiny encoder", _diffusers, _original);
        var first = layout.Shape(file, "layers.0.weight", 4);
        var latents = (int)layout.Shape(file, "layers.14.weight", 4)[0];
        var pool = layout.Contains(file, "layers.11.pool.0.weight");
        return WeightFile.Loaded(() => new TinyEncoder((int)first[1], latents, (int)first[0], pool), file, layout);
    }

    /// <summary>Images [B, C, H, W] in 0 … 1 to latents [B, L, H/8, W/8].</summary>
    /// <exception cref="ParisInputException">The channels differ, or a side is not divisible by 8.</exception>
    public override Tensor forward(Tensor images)
    {
        var s = images.shape;
        if (s.Length != 4 || s[1] != Channels || s[2] % Factor != 0 || s[3] % Factor != 0)
        {
            throw new ParisInputException($"the images are [{string.Join(", ", s)}]; this encoder takes [batch, {Channels}, H, W] with sides divisible by {Factor}.");
        }

        using var scope = NewDisposeScope();
        return _sequence.Aggregate(images, (x, layer) => layer.call(x)).MoveToOuterDisposeScope();
    }
}
