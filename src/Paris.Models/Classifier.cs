using Paris.Core;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// The small classifier whose 64 features the evaluation compares images by. It is trained once a data set; distances on its features
/// are comparable within that data set only and are never called FID. Keys: <c>convolutions.0 … 2</c>, <c>features</c>, <c>logits</c>.
/// </summary>
public sealed class Classifier : NamedModule<Tensor, Tensor>
{
    /// <summary>Dimension of the features.</summary>
    public const int FeatureCount = 64;

    private readonly Conv2d[] _convolutions;
    private readonly Linear _features;
    private readonly Linear _logits;
    private readonly int _channels;
    private readonly int _side;

    /// <param name="channels">C of the images.</param>
    /// <param name="side">Their side, divisible by 8.</param>
    /// <param name="classes">Classes.</param>
    public Classifier(int channels, int side, int classes)
        : base(nameof(Classifier))
    {
        if (side % 8 != 0 || classes < 2)
        {
            throw new ParisInputException($"the evaluation's classifier takes images of a side divisible by 8 and at least 2 classes, not side {side} and {classes} classes.");
        }

        (_channels, _side) = (channels, side);
        _convolutions = [nn.Conv2d(channels, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1), nn.Conv2d(32, 64, 3, 2, 1)];
        _features = nn.Linear(64L * (side / 8) * (side / 8), FeatureCount);
        _logits = nn.Linear(FeatureCount, classes);
        register_module("convolutions", new ModuleList<Conv2d>(_convolutions));
        register_module("features", _features);
        register_module("logits", _logits);
        this.KeepTensors();
    }

    /// <summary>Images [B, C, S, S] in −1 … 1 to features [B, 64].</summary>
    /// <exception cref="ParisInputException">The images have another shape.</exception>
    public Tensor Features(Tensor images)
    {
        var s = images.shape;
        if (s.Length != 4 || s[1] != _channels || s[2] != _side || s[3] != _side)
        {
            throw new ParisInputException($"the images are [{string.Join(", ", s)}]; this classifier takes [batch, {_channels}, {_side}, {_side}].");
        }

        var h = images;
        foreach (var layer in _convolutions)
        {
            h = nn.functional.relu(layer.call(h));
        }

        return nn.functional.relu(_features.call(h.reshape(s[0], -1)));
    }

    /// <summary>Features [B, 64] to logits [B, classes].</summary>
    public Tensor Logits(Tensor features) => _logits.call(features);

    /// <summary>Images [B, C, S, S] to logits [B, classes].</summary>
    public override Tensor forward(Tensor images) => Logits(Features(images));
}
