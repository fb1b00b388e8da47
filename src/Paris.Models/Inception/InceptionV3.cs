using Paris.Core;
using Paris.Core.Formats;
using static TorchSharp.torch;

namespace Paris.Models.Inception;

/// <summary>
/// Inception v3 as FID is defined on it: images to the 2048 means of its last block (<c>pool3</c>). Weights load from a safetensors copy of
/// <c>pt_inception-2015-12-05</c> (mseitzer/pytorch-fid), by its key names.
/// <para>Unverified: no golden numbers of this network are at hand. Its structure is tested (shapes, keys, counts, pooling), its output is not.</para>
/// </summary>
public sealed class InceptionV3 : NamedModule<Tensor, Tensor>
{
    /// <summary>Dimension of the features.</summary>
    public const int FeatureCount = 2048;

    /// <summary>Images are brought to this side.</summary>
    public const int Side = 299;

    private static readonly KeyLayout _layout = new(
        "mseitzer/pytorch-fid", "Conv2d_1a_3x3.conv.weight", [], unused: @"^(fc|AuxLogits)\.|\.num_batches_tracked$");

    private readonly (string Name, nn.Module<Tensor, Tensor> Module)[] _sequence =
    [
        ("Conv2d_1a_3x3", new InceptionConvolution(3, 32, 3, 3, 2, same: false)),
        ("Conv2d_2a_3x3", new InceptionConvolution(32, 32, 3, 3, 1, same: false)),
        ("Conv2d_2b_3x3", new InceptionConvolution(32, 64, 3, 3, 1, same: true)),
        ("Conv2d_3b_1x1", new InceptionConvolution(64, 80, 1, 1, 1, same: false)),
        ("Conv2d_4a_3x3", new InceptionConvolution(80, 192, 3, 3, 1, same: false)),
        ("Mixed_5b", InceptionBlock.A(192, 32)),
        ("Mixed_5c", InceptionBlock.A(256, 64)),
        ("Mixed_5d", InceptionBlock.A(288, 64)),
        ("Mixed_6a", InceptionBlock.B(288)),
        ("Mixed_6b", InceptionBlock.C(768, 128)),
        ("Mixed_6c", InceptionBlock.C(768, 160)),
        ("Mixed_6d", InceptionBlock.C(768, 160)),
        ("Mixed_6e", InceptionBlock.C(768, 192)),
        ("Mixed_7a", InceptionBlock.D(768)),
        ("Mixed_7b", InceptionBlock.E(1280, maximum: false)),
        ("Mixed_7c", InceptionBlock.E(2048, maximum: true)),
    ];

    public InceptionV3()
        : base(nameof(InceptionV3))
    {
        foreach (var (name, module) in _sequence)
        {
            register_module(name, module);
        }

        this.KeepTensors();
    }

    /// <summary>Loads safetensors.</summary>
    /// <exception cref="ParisInputException">The file is no such network; every missing, unexpected or mis-shaped tensor is named.</exception>
    public static InceptionV3 Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return WeightFile.Loaded(() => new InceptionV3(), file, KeyLayout.Of(file, "Inception v3 of FID", _layout));
    }

    /// <summary>Images [B, 3, H, W] in 0 … 1 to features [B, 2048].</summary>
    /// <exception cref="ParisInputException">The images have another shape.</exception>
    public override Tensor forward(Tensor images)
    {
        var s = images.shape;
        if (s.Length != 4 || s[1] != 3)
        {
            throw new ParisInputException($"the images are [{string.Join(", ", s)}]; Inception v3 takes [batch, 3, H, W].");
        }

        using var scope = NewDisposeScope();
        var x = Resampling.Apply(images, Resampling.Bilinear((int)s[2], Side), Resampling.Bilinear((int)s[3], Side)).contiguous();
        x = (x * 2) - 1;
        foreach (var (name, module) in _sequence)
        {
            x = module.call(x);
            if (name is "Conv2d_2b_3x3" or "Conv2d_4a_3x3")
            {
                x = InceptionBlock.ShrinkingPool(x);
            }
        }

        return x.mean([2, 3]).MoveToOuterDisposeScope();
    }
}
