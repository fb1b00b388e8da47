using System.Text.Json;
using Paris.Core;
using Paris.Core.Formats;
using static TorchSharp.torch;

namespace Paris.Models.Verification;

/// <summary>
/// The golden comparisons of the models: outputs of expert and router, the time's sinusoid, one training step with every gradient.
/// They read a folder with the layout of the project's fixtures (<c>paris-tiny</c>, <c>training-golden</c>, <c>dit-tiny</c>,
/// <c>tolerances.json</c>).
/// </summary>
public static class ModelGoldens
{
    /// <summary>The reference implementation of paris-tiny and training-golden uses this layer-norm eps.</summary>
    private const double FixtureEps = 1e-5;

    /// <summary>Every comparison of expert and router whose folder exists.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    /// <exception cref="ParisInputException">The folder lacks tolerances.json, or a fixture lacks a file or a tensor.</exception>
    public static IReadOnlyList<VerificationRow> Verify(string fixtures)
    {
        var tolerances = new Tolerances(fixtures);
        var rows = new List<VerificationRow>();
        if (Directory.Exists(Path.Combine(fixtures, "paris-tiny")))
        {
            rows.AddRange(VerifyOutputs(fixtures, tolerances));
            if (Directory.Exists(Path.Combine(fixtures, "training-golden")))
            {
                rows.AddRange(VerifyTrainingStep(fixtures, tolerances));
            }
        }

        return rows;
    }

    /// <summary>paris-tiny/io: sinusoid, velocity of every expert with and without its text, router's logits and probabilities.</summary>
    public static IReadOnlyList<VerificationRow> VerifyOutputs(string fixtures, Tolerances tolerances)
    {
        const string Set = "paris-tiny/io";
        using var io = SafetensorsFile.Open(Path.Combine(fixtures, "paris-tiny", "io.safetensors"));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (x, t, text) = (Read(io, "x"), Read(io, "t"), Read(io, "text"));
        var unconditional = Read(io, "uncond_text").expand(x.shape[0], -1, -1).contiguous();
        var rows = new List<VerificationRow>();

        using (var time = new TimeEmbedding(4))
        {
            rows.Add(tolerances.Compare(Set, "time_sinusoid", time.Sinusoid(t), io.ToSingles("time_sinusoid")));
        }

        for (var k = 0; io.Contains($"expert_{k}.velocity"); k++)
        {
            using var expert = LoadExpert(Path.Combine(fixtures, "paris-tiny", $"expert_{k}"));
            rows.Add(tolerances.Compare(Set, $"expert_{k}.velocity", expert.forward(x, t, text), io.ToSingles($"expert_{k}.velocity")));
            rows.Add(tolerances.Compare(Set, $"expert_{k}.velocity_uncond", expert.forward(x, t, unconditional), io.ToSingles($"expert_{k}.velocity_uncond")));
        }

        using var router = LoadRouter(Path.Combine(fixtures, "paris-tiny", "router"));
        var logits = router.forward(x, t, null);
        rows.Add(tolerances.Compare(Set, "router.logits", logits, io.ToSingles("router.logits")));
        rows.Add(tolerances.Compare(Set, "router.probs", nn.functional.softmax(logits, 1), io.ToSingles("router.probs")));
        return rows;
    }

    /// <summary>training-golden: flow-matching step of expert 0, cross-entropy step of the router, the gradient of every parameter.</summary>
    public static IReadOnlyList<VerificationRow> VerifyTrainingStep(string fixtures, Tolerances tolerances)
    {
        const string Set = "training-golden";
        var folder = Path.Combine(fixtures, "training-golden");
        using var step = SafetensorsFile.Open(Path.Combine(folder, "step.safetensors"));
        using var scope = NewDisposeScope();
        var rows = new List<VerificationRow>();

        // The models see x_t and 1000 t; the expert's target is v = ε − x0.
        var (xt, tModel, target) = (Read(step, "x_t"), Read(step, "t_model"), Read(step, "target"));

        using (var expert = LoadExpert(Path.Combine(fixtures, "paris-tiny", "expert_0")))
        {
            TrackPositions(expert);
            var prediction = expert.forward(xt, tModel, Read(step, "text"));
            var loss = nn.functional.mse_loss(prediction, target);
            loss.backward();
            rows.Add(tolerances.Compare(Set, "expert.prediction", prediction, step.ToSingles("expert.prediction")));
            rows.Add(tolerances.Compare(Set, "expert.loss", loss, step.ToSingles("expert.loss")));
            rows.AddRange(Gradients(expert, Path.Combine(folder, "expert_0_gradients.safetensors"), tolerances.Of(Set, "expert_0_gradients")));
        }

        using var router = LoadRouter(Path.Combine(fixtures, "paris-tiny", "router"));
        TrackPositions(router);
        var logits = router.forward(xt, tModel, null);
        var labels = tensor(step.ToArray<long>("labels"));
        var routerLoss = nn.functional.cross_entropy(logits, labels);
        routerLoss.backward();
        rows.Add(tolerances.Compare(Set, "router.logits", logits, step.ToSingles("router.logits")));
        rows.Add(tolerances.Compare(Set, "router.loss", routerLoss, step.ToSingles("router.loss")));
        rows.AddRange(Gradients(router, Path.Combine(folder, "router_gradients.safetensors"), tolerances.Of(Set, "router_gradients")));
        return rows;
    }

    /// <summary>dit-tiny: the fixed 2-D sine-cosine position table.</summary>
    public static VerificationRow VerifyPositions(string fixtures)
    {
        using var model = SafetensorsFile.Open(Path.Combine(fixtures, "dit-tiny", "model.safetensors"));
        var shape = model["pos_embed"].Shape; // [1, N, D]
        var side = (int)Math.Round(Math.Sqrt(shape[1]));
        return VerificationRow.Compare("dit-tiny: pos_embed", PositionEmbedding.Table((int)shape[2], side), model.ToSingles("pos_embed"), 1e-6);
    }

    /// <summary>dit-tiny: the fixed position table, and the class-conditional DiT, plain and guided.</summary>
    public static IReadOnlyList<VerificationRow> VerifyImageNetDiT(string fixtures)
    {
        var folder = Path.Combine(fixtures, "dit-tiny");
        using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var model = ImageNetDiT.Load(Path.Combine(folder, "model.safetensors"));
        var set = new GoldenSet(new Tolerances(fixtures), "dit-tiny", "", io);
        var (y, guidedY) = (tensor(io.ToArray<long>("y")), tensor(io.ToArray<long>("cfg.y")));
        return
        [
            VerifyPositions(fixtures),
            set.Row("output", model.forward(set.Tensor("x"), set.Tensor("t"), y)),
            set.Row("cfg.output", model.Guided(set.Tensor("cfg.x"), set.Tensor("cfg.t"), guidedY, io.ToSingles("cfg.scale")[0])),
        ];
    }

    /// <summary>An expert folder of the published layout: <c>config.json</c> and <c>diffusion_pytorch_model.safetensors</c>.</summary>
    public static DiTExpert LoadExpert(string folder)
    {
        using var weights = SafetensorsFile.Open(Path.Combine(folder, "diffusion_pytorch_model.safetensors"));
        var config = Config(folder);
        var text = weights.Contains("text_proj.weight");
        var expert = new DiTExpert(Shape(config, weights) with
        {
            Condition = text ? ConditionKind.Text : ConditionKind.None,
            TextDim = text ? (int)weights["text_proj.weight"].Shape[1] : 0,
        });
        return Loaded(expert, weights);
    }

    /// <summary>A router folder of the published layout: <c>config.json</c> and <c>pytorch_model.safetensors</c>.</summary>
    public static DiTRouter LoadRouter(string folder)
    {
        using var weights = SafetensorsFile.Open(Path.Combine(folder, "pytorch_model.safetensors"));
        var config = Config(folder);
        return Loaded(new DiTRouter(Shape(config, weights), config.GetProperty("num_clusters").GetInt32()), weights);
    }

    private static T Loaded<T>(T model, SafetensorsFile weights)
        where T : nn.Module
    {
        WeightFile.Load(model, weights);
        return model;
    }

    private static JsonElement Config(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            throw new ParisInputException($"{path} cannot be read as a model's configuration: {e.Message}", e);
        }
    }

    private static DiTShape Shape(JsonElement config, SafetensorsFile weights)
    {
        var patch = config.GetProperty("patch_size").GetInt32();
        var tokens = weights["pos_embed"].Shape[1];
        return new DiTShape(
            config.GetProperty("in_channels").GetInt32(),
            (int)Math.Round(Math.Sqrt(tokens)) * patch,
            config.GetProperty("hidden_size").GetInt32(),
            config.GetProperty("num_layers").GetInt32(),
            config.GetProperty("num_heads").GetInt32(),
            patch,
            config.TryGetProperty("mlp_ratio", out var ratio) ? ratio.GetDouble() : 4,
            FixtureEps);
    }

    /// <summary>The position table is fixed in this project and a parameter in the reference: here it takes part in the gradients.</summary>
    private static void TrackPositions(nn.Module model)
    {
        foreach (var buffer in model.buffers())
        {
            buffer.requires_grad = true;
        }
    }

    private static IEnumerable<VerificationRow> Gradients(nn.Module model, string path, double tolerance)
    {
        using var file = SafetensorsFile.Open(path);
        var rows = new List<VerificationRow>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, tensor) in model.state_dict())
        {
            seen.Add(name);
            rows.Add(Row(name, tensor, file, tolerance));
        }

        foreach (var entry in file.Tensors.Where(e => !seen.Contains(e.Name)))
        {
            throw new ParisInputException($"{path} holds a gradient '{entry.Name}' of no parameter of {model.GetName()}.");
        }

        return rows;
    }

    private static VerificationRow Row(string name, Tensor parameter, SafetensorsFile file, double tolerance)
    {
        var title = $"training-golden: {Path.GetFileNameWithoutExtension(file.Source)}/{name}";
        using var gradient = parameter.grad;
        return gradient is null
            ? new VerificationRow(title, double.PositiveInfinity, double.PositiveInfinity, tolerance, false)
            : Tolerances.Compare(title, gradient, file.ToSingles(name), tolerance);
    }

    private static Tensor Read(SafetensorsFile file, string name) => tensor(file.ToSingles(name), [.. file[name].Shape]);
}
