using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Adaptive layer norm: LN(x)·(1 + scale) + shift without affine parameters, and gated residuals.</summary>
internal static class Modulation
{
    private static readonly Scalar _one = 1f;

    /// <summary>LN(x) · (1 + scale) + shift; x [B, N, D], shift and scale [B, 1, D].</summary>
    public static Tensor Normalised(Tensor x, Tensor shift, Tensor scale, double eps)
        => addcmul(shift, nn.functional.layer_norm(x, [x.shape[^1]], eps: eps), scale + _one, _one);

    /// <summary>x + gate · y; gate [B, 1, D].</summary>
    public static Tensor Gated(Tensor x, Tensor gate, Tensor y) => addcmul(x, gate, y, _one);
}
