using System.Globalization;
using Paris.Core.Formats;
using Paris.Core.Specs;

namespace Paris.Core.Interop;

/// <summary>
/// The tensors of the published models: the key tables of the released layout (reference, section 7). Keys are those of this project's
/// own models, so weights travel unchanged; the tables let a wrong file be refused without loading a tensor library.
/// </summary>
public static class PublishedShapes
{
    /// <summary>Name and shape of every tensor of an expert on a latent of <paramref name="side"/>².</summary>
    public static IReadOnlyDictionary<string, long[]> Expert(PublishedExpertConfig config, int side)
    {
        var (d, mlp) = (config.HiddenSize, (long)(config.HiddenSize * config.MlpRatio));
        var shapes = Stem(d, config.InChannels, config.PatchSize, side);
        if (config.UseTextConditioning)
        {
            Linear(shapes, "text_proj", config.TextEmbedDim, d);
        }

        Linear(shapes, "t_block.1", d, 6L * d);
        for (var i = 0; i < config.NumLayers; i++)
        {
            var layer = string.Create(CultureInfo.InvariantCulture, $"layers.{i}");
            shapes[$"{layer}.scale_shift_table"] = [6, d];
            Attention(shapes, $"{layer}.attn", d);
            if (config.UseTextConditioning)
            {
                Attention(shapes, $"{layer}.cross_attn", d);
            }

            Linear(shapes, $"{layer}.mlp.0", d, mlp);
            Linear(shapes, $"{layer}.mlp.2", mlp, d);
        }

        shapes["final_layer.scale_shift_table"] = [2, d];
        Linear(shapes, "final_layer.linear", d, (long)config.PatchSize * config.PatchSize * config.OutChannels);
        return shapes;
    }

    /// <summary>Name and shape of every tensor of the router.</summary>
    public static IReadOnlyDictionary<string, long[]> Router(PublishedRouterConfig config, int side)
    {
        var d = config.HiddenSize;
        var shapes = Stem(d, config.InChannels, config.PatchSize, side);
        shapes["cls_token"] = [1, 1, d];
        for (var i = 0; i < config.NumLayers; i++)
        {
            var layer = string.Create(CultureInfo.InvariantCulture, $"layers.{i}");
            Linear(shapes, $"{layer}.adaLN_modulation.1", d, 6L * d);
            Attention(shapes, $"{layer}.attn", d);
            Linear(shapes, $"{layer}.mlp.0", d, 4L * d);
            Linear(shapes, $"{layer}.mlp.2", 4L * d, d);
        }

        if (config is { Conditioning: ModelSpec.PooledText, TextEmbedDim: { } text })
        {
            Linear(shapes, "text_proj", text, d);
        }

        Linear(shapes, "head.0", d, d);
        shapes["head.2.weight"] = [d];
        shapes["head.2.bias"] = [d];
        Linear(shapes, "head.4", d, config.NumClusters);
        return shapes;
    }

    /// <summary>Refuses a file whose tensors are not these; every difference is named.</summary>
    /// <exception cref="ParisInputException">Tensors are missing, unexpected, of another shape, or hold no floating-point numbers.</exception>
    public static void Check(string source, IReadOnlyList<TensorSpec> tensors, IReadOnlyDictionary<string, long[]> shapes, string what)
    {
        var names = tensors.Select(x => x.Name).ToHashSet(StringComparer.Ordinal);
        var wrong = shapes.Where(x => !names.Contains(x.Key)).Select(x => $"missing '{x.Key}'")
            .Concat(tensors.Where(x => !shapes.ContainsKey(x.Name)).Select(x => $"unexpected '{x.Name}'"))
            .Concat(tensors.Where(x => shapes.TryGetValue(x.Name, out var shape) && !x.Shape.SequenceEqual(shape))
                .Select(x => $"'{x.Name}' is {x.ShapeText}, not [{string.Join(", ", shapes[x.Name])}]"))
            .Concat(tensors.Where(x => x.Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16))
                .Select(x => $"'{x.Name}' is {x.Type}, not F32, F16 or BF16"))
            .ToArray();
        if (wrong.Length > 0)
        {
            throw new ParisInputException($"{source} does not fit {what}: {TensorDifferences.Told(wrong)}.");
        }
    }

    private static Dictionary<string, long[]> Stem(long d, long channels, long patch, long side)
    {
        Dictionary<string, long[]> shapes = new(StringComparer.Ordinal)
        {
            ["patch_embed.weight"] = [d, channels, patch, patch],
            ["patch_embed.bias"] = [d],
            ["pos_embed"] = [1, side / patch * (side / patch), d],
        };
        Linear(shapes, "time_embed.mlp.0", 256, d);
        Linear(shapes, "time_embed.mlp.2", d, d);
        return shapes;
    }

    private static void Attention(Dictionary<string, long[]> shapes, string name, long d)
    {
        shapes[$"{name}.in_proj_weight"] = [3 * d, d];
        shapes[$"{name}.in_proj_bias"] = [3 * d];
        Linear(shapes, $"{name}.out_proj", d, d);
    }

    private static void Linear(Dictionary<string, long[]> shapes, string name, long from, long to)
    {
        shapes[$"{name}.weight"] = [to, from];
        shapes[$"{name}.bias"] = [to];
    }
}
