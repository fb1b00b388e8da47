using Paris.Core.Formats;
using Paris.Models.Autoencoders;
using static TorchSharp.torch;

namespace Paris.Models.Verification;

/// <summary>The golden comparisons of the autoencoders: <c>autoencoder-kl-tiny</c> in both key layouts, <c>taef2</c> with its real weights.</summary>
public static class AutoencoderGoldens
{
    /// <summary>autoencoder-kl-tiny: the posterior of an image, and the picture of its mean.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    public static IReadOnlyList<VerificationRow> VerifyKL(string fixtures)
    {
        var tolerances = new Tolerances(fixtures);
        var folder = Path.Combine(fixtures, "autoencoder-kl-tiny");
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var noGradient = no_grad();
        var rows = new List<VerificationRow>();
        foreach (var (weights, config) in new[] { ("compvis", "config_compvis.json"), ("diffusion_pytorch_model", "config.json") })
        {
            using var scope = NewDisposeScope();
            using var model = AutoencoderKL.Load(Path.Combine(folder, weights + ".safetensors"), ModelConfig.Read(Path.Combine(folder, config)));
            var set = new GoldenSet(tolerances, "autoencoder-kl-tiny", weights, io);
            var (mean, logVariance) = model.Encode(set.Tensor("image"));
            rows.Add(set.Row("posterior.mean", mean));
            rows.Add(set.Row("posterior.logvar", logVariance));
            rows.Add(set.Row("decoded", model.Decode(set.Tensor("posterior.mean"))));
        }

        return rows;
    }

    /// <summary>taef2: the latent of a real picture, and the picture of that latent.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    public static IReadOnlyList<VerificationRow> VerifyTiny(string fixtures)
    {
        var folder = Path.Combine(fixtures, "taef2");
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var encoder = TinyEncoder.Load(Path.Combine(folder, "taef2_encoder.safetensors"));
        using var decoder = TinyDecoder.Load(Path.Combine(folder, "taef2_decoder.safetensors"));
        var set = new GoldenSet(new Tolerances(fixtures), "taef2", "", io);
        return [set.Row("latent", encoder.call(set.Tensor("image"))), set.Row("decoded", decoder.call(set.Tensor("latent")))];
    }
}
