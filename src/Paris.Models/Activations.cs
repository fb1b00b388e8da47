using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>Activations that TorchSharp lacks.</summary>
public static class Activations
{
    private static readonly Scalar _three = 3;
    private static readonly Scalar _cubic = 2f * 0.7978845608028654f * 0.044715f;
    private static readonly Scalar _linear = 2f * 0.7978845608028654f;
    private static readonly Scalar _quick = 1.702f;

    /// <summary>
    /// GELU in its tanh form, ½x(1 + tanh u) with u = √(2/π)(x + 0.044715x³), as x·σ(2u): the same function in the fewest operations.
    /// </summary>
    public static Tensor GeluTanh(Tensor x)
    {
        // In place on what the backward pass does not need: only x and σ(2u) are kept for it.
        var gate = x.pow(_three).mul_(_cubic).add_(x, _linear).sigmoid_();
        return x * gate;
    }

    /// <summary>CLIP's approximation of GELU, x·σ(1.702x).</summary>
    public static Tensor QuickGelu(Tensor x) => x * x.mul(_quick).sigmoid_();
}
