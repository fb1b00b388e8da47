using System.Text.Json;
using Paris.Core.Formats;
using Paris.Models.Verification;
using static TorchSharp.torch;

namespace Paris.Training.Sampling;

/// <summary>The golden comparison of the sampler with <c>paris-tiny/sample</c>: three strategies with guidance, six Euler steps, the router's decisions at every step.</summary>
public static class SamplingVerification
{
    private static readonly (string Key, string Strategy)[] _strategies = [("top1", "top-1"), ("top2", "top-2"), ("full", "full")];

    /// <summary>Runs every comparison.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    public static IReadOnlyList<VerificationRow> Verify(string fixtures)
    {
        const string Set = "paris-tiny/sample";
        var folder = Path.Combine(fixtures, "paris-tiny");
        var tolerances = new Tolerances(fixtures);
        using var file = SafetensorsFile.Open(Path.Combine(folder, "sample.safetensors"));
        using var facts = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "sample.json")));
        var scale = (float)facts.RootElement.GetProperty("cfg_scale").GetDouble();
        var stepCount = facts.RootElement.GetProperty("num_steps").GetInt32();
        var rows = new List<VerificationRow>();

        var times = TimeGrid.Create("flowmatch-euler", stepCount);
        rows.Add(VerificationRow.Compare($"{Set}: sigmas", times, file.ToSingles("sigmas"), 0));
        rows.Add(VerificationRow.Compare($"{Set}: timesteps", times.Take(stepCount).Select(t => 1000f * t).ToArray(), file.ToSingles("timesteps"), 0));

        var experts = new List<Models.DiTExpert>();
        while (Directory.Exists(Path.Combine(folder, $"expert_{experts.Count}")))
        {
            experts.Add(ModelGoldens.LoadExpert(Path.Combine(folder, $"expert_{experts.Count}")));
        }

        using var router = ModelGoldens.LoadRouter(Path.Combine(folder, "router"));
        var sampler = new EnsembleSampler(
            [.. experts.Select(expert => (VelocityModel)((x, t, condition) => expert.call(x, t, condition)))],
            (x, t, text) => router.call(x, t, text));
        using var noGradient = no_grad();
        foreach (var (key, name) in _strategies)
        {
            using var scope = NewDisposeScope();
            var noise = Read(file, "x_T");
            var images = (int)noise.shape[0];
            var text = Read(file, "text");
            var guidance = new Guidance(text, Read(file, "uncond_text").expand(images, -1, -1).contiguous(), scale);
            var path = new List<float>();
            using var outcome = sampler.Sample(noise, times, RoutingStrategy.Create(name), null, (_, _, _) => 0, guidance,
                (_, x) => path.AddRange(x.narrow(0, 0, 1).contiguous().data<float>().ToArray()));
            rows.Add(tolerances.Compare(Set, $"{key}.x0", outcome.X, file.ToSingles($"{key}.x0")));
            rows.Add(VerificationRow.Compare($"{Set}: {key}.x_after_step_image0", path.ToArray(), file.ToSingles($"{key}.x_after_step_image0"), tolerances.Of(Set, $"{key}.x0")));
            rows.Add(Weights(Set, key, outcome.Weights, experts.Count, file, tolerances.Of(Set, $"{key}.router_probs")));
        }

        foreach (var expert in experts)
        {
            expert.Dispose();
        }

        return rows;
    }

    /// <summary>Expected weights are listed by chosen expert, largest first; unchosen experts weigh nothing.</summary>
    private static VerificationRow Weights(string set, string key, float[] actual, int experts, SafetensorsFile file, double tolerance)
    {
        var chosen = file.ToArray<long>($"{key}.chosen"); // [images, steps, n]
        var weights = file.ToSingles($"{key}.weights");
        var n = (int)file[$"{key}.chosen"].Shape[2];
        var expected = new float[actual.Length];
        for (var i = 0; i < chosen.Length; i++)
        {
            expected[((i / n) * experts) + (int)chosen[i]] = weights[i];
        }

        // Weights of top-2 are probabilities over their sum: the error grows by at most the inverse of that sum, below 4.
        return VerificationRow.Compare($"{set}: {key}.weights", actual, expected, Math.Min(Tolerances.Largest, 4 * tolerance));
    }

    private static Tensor Read(SafetensorsFile file, string name) => tensor(file.ToSingles(name), [.. file[name].Shape]);
}
