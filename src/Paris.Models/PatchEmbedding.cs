using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// Patches to tokens: a convolution of kernel and stride p, computed as one matrix product (keys <c>weight</c> [D, C, p, p], <c>bias</c>).
/// </summary>
public sealed class PatchEmbedding : NamedModule<Tensor, Tensor>
{
    private readonly int _patch;
    private readonly int _channels;
    private readonly int _hidden;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    public PatchEmbedding(int channels, int hidden, int patch)
        : base(nameof(PatchEmbedding))
    {
        (_channels, _hidden, _patch) = (channels, hidden, patch);
        _weight = new Parameter(empty(hidden, channels, patch, patch));
        _bias = new Parameter(zeros(hidden));
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    /// <summary>x [B, C, H, W] to tokens [B, H/p · W/p, D], row by row.</summary>
    public override Tensor forward(Tensor x)
    {
        var (batch, rows, columns) = (x.shape[0], x.shape[2] / _patch, x.shape[3] / _patch);
        var patches = x.reshape(batch, _channels, rows, _patch, columns, _patch)
            .permute(0, 2, 4, 1, 3, 5) // [B, h, w, C, p, p]
            .reshape(batch, rows * columns, (long)_channels * _patch * _patch);
        return nn.functional.linear(patches, _weight.view(_hidden, -1), _bias);
    }
}
