using Paris.Core.Random;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Models;

/// <summary>
/// Initial weights, a function of (seed, expert) alone: the same on every machine. Transformers: Xavier-uniform matrices, zero biases;
/// whatever closes a residual branch or the output starts at zero (modulations, tables, the final linear, the cross-attention's output,
/// which has no gate). Convolutional models: uniform in ±1/√fan-in.
/// </summary>
public static class WeightInitialization
{
    /// <summary>Standard deviation of embedding tables and the CLS token.</summary>
    private const float TableStd = 0.02f;

    /// <summary>Overwrites every parameter.</summary>
    /// <param name="module">A model of this project.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="expert">The expert's number, or <see cref="PhiloxKey.NoExpert"/>.</param>
    public static void Apply(nn.Module module, ulong seed, int expert)
    {
        var convolutional = module is Autoencoder or Classifier;
        var router = module is DiTRouter;
        using var noGradient = no_grad();
        var position = 0;
        foreach (var (name, parameter) in module.named_parameters())
        {
            using var scope = NewDisposeScope();
            var key = new PhiloxKey(seed, RandomPurpose.Initialization, expert, position++);
            if (router && name.StartsWith("text_proj.", StringComparison.Ordinal))
            {
                // A router with text starts as one without.
                parameter.fill_(0);
                continue;
            }

            Fill(name, parameter, key, convolutional);
        }
    }

    private static void Fill(string name, Parameter parameter, PhiloxKey key, bool convolutional)
    {
        var shape = parameter.shape;
        if (name is "class_embed" or "cls_token")
        {
            var table = new float[parameter.NumberOfElements];
            key.FillNormal(table);
            parameter.copy_(tensor(table, shape, dtype: ScalarType.Float32) * TableStd);
        }
        else if (StartsAtZero(name) || name.EndsWith("bias", StringComparison.Ordinal))
        {
            parameter.fill_(0);
        }
        else if (shape.Length == 1)
        {
            parameter.fill_(1f); // the router's one affine norm
        }
        else
        {
            var receptive = 1L;
            foreach (var side in shape.AsSpan(2))
            {
                receptive *= side;
            }

            var fanIn = shape[1] * receptive;
            // A patch convolution counts as the Linear it is computed as.
            var bound = convolutional ? 1 / Math.Sqrt(fanIn) : Math.Sqrt(6.0 / (fanIn + shape[0]));
            var values = new float[parameter.NumberOfElements];
            key.FillUniform(values);
            parameter.copy_((tensor(values, shape, dtype: ScalarType.Float32) * 2f - 1f) * (float)bound);
        }
    }

    private static bool StartsAtZero(string name) =>
        name.StartsWith("t_block.", StringComparison.Ordinal)
        || name.StartsWith("final_layer.", StringComparison.Ordinal)
        || name.Contains("scale_shift_table", StringComparison.Ordinal)
        || name.Contains("adaLN_modulation.", StringComparison.Ordinal)
        || name.Contains("cross_attn.out_proj.", StringComparison.Ordinal);
}
