using Paris.Core.Formats;
using Paris.Models.Encoders;
using static TorchSharp.torch;

namespace Paris.Models.Verification;

/// <summary>
/// The golden comparisons of the encoders: <c>dinov2-tiny</c>, <c>clip-text-tiny</c>, each with every key layout its folder holds. Sizes
/// come from the folder's configurations and weights.
/// </summary>
public static class EncoderGoldens
{
    /// <summary>dinov2-tiny: class, patch and register tokens at the trained and at another size, and the interpolated position table.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    public static IReadOnlyList<VerificationRow> VerifyDinoV2(string fixtures)
    {
        var tolerances = new Tolerances(fixtures);
        var rows = new List<VerificationRow>();
        foreach (var folder in Directory.GetDirectories(Path.Combine(fixtures, "dinov2-tiny")).Order(StringComparer.Ordinal))
        {
            using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
            foreach (var (weights, config) in Layouts(folder, "original", "config_original.json", "huggingface", "config.json"))
            {
                using var model = DinoV2.Load(weights, ModelConfig.Read(config));
                var set = new GoldenSet(tolerances, $"dinov2-tiny/{Path.GetFileName(folder)}", Path.GetFileNameWithoutExtension(weights), io);
                rows.AddRange(DinoV2Rows(model, set));
            }
        }

        return rows;
    }

    /// <summary>clip-text-tiny: embeddings of the tokens, of the texts, and projected ones where the layout holds a projection.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    public static IReadOnlyList<VerificationRow> VerifyClipText(string fixtures)
    {
        var tolerances = new Tolerances(fixtures);
        var folder = Path.Combine(fixtures, "clip-text-tiny");
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var noGradient = no_grad();
        var rows = new List<VerificationRow>();
        foreach (var (weights, config) in Layouts(folder, "openai", "config_openai.json", "huggingface", "config.json"))
        {
            using var scope = NewDisposeScope();
            using var model = ClipText.Load(weights, ModelConfig.Read(config));
            var set = new GoldenSet(tolerances, "clip-text-tiny", Path.GetFileNameWithoutExtension(weights), io);
            var ids = tensor(io.ToArray<long>("input_ids"), [.. io["input_ids"].Shape]);
            var hidden = model.call(ids);
            var pooled = model.Pooled(hidden, ids);
            rows.Add(set.Row("last_hidden_state", hidden));
            rows.Add(set.Row("pooled", pooled));
            if (model.Shape.Projection > 0)
            {
                rows.Add(set.Row("text_features", model.Projected(pooled)));
            }
        }

        return rows;
    }

    private static IEnumerable<VerificationRow> DinoV2Rows(DinoV2 model, GoldenSet set)
    {
        using var noGradient = no_grad();
        var rows = new List<VerificationRow>();
        var released = model.Positions;
        foreach (var form in set.Names(".cls"))
        {
            using var scope = NewDisposeScope();
            // other_size_form.*: the image of other.*, the positions as the Hugging Face implementation resamples them.
            const string SizeForm = "_size_form";
            model.Positions = form.EndsWith(SizeForm, StringComparison.Ordinal) ? PositionForm.Size : released;
            var images = set.Tensor(form.Replace(SizeForm, "", StringComparison.Ordinal) + ".image");
            var tokens = model.Tokens(images);
            rows.Add(set.Row(form + ".cls", tokens.Class));
            rows.Add(set.Row(form + ".patch_tokens", tokens.Patches));
            if (model.Shape.Registers > 0)
            {
                rows.Add(set.Row(form + ".register_tokens", tokens.Registers));
            }

            if (set.Contains(form + ".pos_embed"))
            {
                var (height, width) = ((int)images.shape[2], (int)images.shape[3]);
                rows.Add(set.Row(form + ".pos_embed", model.PositionTable(height / model.Shape.Patch, width / model.Shape.Patch)));
            }
        }

        return rows;
    }

    /// <summary>The weight files of a folder with their configurations: both key layouts where it holds both.</summary>
    private static IEnumerable<(string Weights, string Config)> Layouts(string folder, string first, string firstConfig, string second, string secondConfig)
    {
        foreach (var (name, config) in new[] { (first, firstConfig), (second, secondConfig) })
        {
            yield return (Path.Combine(folder, name + ".safetensors"), Path.Combine(folder, config));
        }
    }
}
