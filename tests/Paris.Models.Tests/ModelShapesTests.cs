using Paris.Core;
using Paris.Core.Specs;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests;

public sealed class ModelShapesTests
{
    private static readonly DiTShape _small = new(4, 8, 32, 2, 4);

    [Fact]
    public void An_experts_size_is_known_without_building_it()
    {
        foreach (var shape in new[]
        {
            _small,
            _small with { Condition = ConditionKind.Text, TextDim = 24, Patch = 4 },
            _small with { Condition = ConditionKind.Class, Classes = 10, MlpRatio = 2.5, Layers = 3 },
        })
        {
            using var model = new DiTExpert(shape);
            Assert.Equal(model.state_dict().Values.Sum(x => x.numel()), shape.ExpertParameters());
        }

        Assert.Equal(605_970_448, new DiTShape(4, 32, 1152, 28, 16, Condition: ConditionKind.Text).ExpertParameters());
    }

    /// <summary>The counts of the published models: expert XL/2 with text, router B/2 for 8 clusters (position tables included).</summary>
    [Theory]
    [InlineData(true, 28, 605_970_448L)]
    [InlineData(false, 12, 129_136_904L)]
    public void Published_sizes_are_reproduced(bool expert, int layers, long expected)
    {
        // One and two layers tell the rest: a full XL/2 would take 2.4 GB.
        var (one, two) = (Count(1), Count(2));
        Assert.Equal(expected, one + ((layers - 1) * (two - one)));

        long Count(int n)
        {
            if (expert)
            {
                using var model = new DiTExpert(new DiTShape(4, 32, 1152, n, 16, Condition: ConditionKind.Text));
                return model.state_dict().Values.Sum(t => t.numel());
            }

            using var router = new DiTRouter(new DiTShape(4, 32, 768, n, 12), 8);
            return router.state_dict().Values.Sum(t => t.numel());
        }
    }

    [Fact]
    public void An_expert_without_text_has_no_text_keys()
    {
        using var plain = new DiTExpert(_small);
        using var text = new DiTExpert(_small with { Condition = ConditionKind.Text, TextDim = 16 });
        using var classes = new DiTExpert(_small with { Condition = ConditionKind.Class, Classes = 10 });

        Assert.DoesNotContain(plain.state_dict().Keys, k => k.Contains("text", StringComparison.Ordinal) || k.Contains("cross", StringComparison.Ordinal));
        Assert.Equal([32L, 16], text.state_dict()["text_proj.weight"].shape);
        Assert.Equal([96L, 32], text.state_dict()["layers.1.cross_attn.in_proj_weight"].shape);
        Assert.Equal([11L, 32], classes.state_dict()["class_embed"].shape);
        Assert.DoesNotContain(plain.state_dict().Keys, k => k.Contains('_', StringComparison.Ordinal) && k.Contains("._", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ConditionKind.None)]
    [InlineData(ConditionKind.Class)]
    [InlineData(ConditionKind.Text)]
    public void Every_parameter_of_an_expert_gets_a_gradient(ConditionKind condition)
    {
        using var expert = new DiTExpert(_small with { Condition = condition, TextDim = 16, Classes = 3 });
        WeightInitialization.Apply(expert, 1, 0);
        using (no_grad())
        {
            // What starts at zero closes the paths behind it: open them.
            foreach (var parameter in expert.parameters())
            {
                parameter.add_(0.01);
            }
        }

        using var scope = NewDisposeScope();
        var given = condition switch
        {
            ConditionKind.Text => zeros(2, 5, 16) + 0.3,
            ConditionKind.Class => tensor(new long[] { 0, 3 }),
            _ => null,
        };
        var x = arange(2 * 4 * 8 * 8, float32).view(2, 4, 8, 8).sin();
        var velocity = expert.forward(x, tensor(new float[] { 10, 900 }), given);
        Assert.Equal(x.shape, velocity.shape);
        velocity.square().mean().backward();
        foreach (var (name, parameter) in expert.named_parameters())
        {
            var gradient = parameter.grad;
            Assert.True(gradient is not null && gradient.isfinite().all().item<bool>(), name);
        }
    }

    [Fact]
    public void A_model_outlives_the_scope_it_was_built_in()
    {
        DiTExpert expert;
        DiTRouter router;
        Autoencoder autoencoder;
        Classifier classifier;
        using (NewDisposeScope())
        {
            (expert, router, autoencoder, classifier) = (new DiTExpert(_small), new DiTRouter(_small, 3), new Autoencoder(1, 4, 8), new Classifier(1, 8, 10));
        }

        using (NewDisposeScope())
        {
            Assert.Equal([1L, 4, 8, 8], expert.forward(zeros(1, 4, 8, 8), zeros(1), null).shape);
            Assert.Equal([1L, 3], router.forward(zeros(1, 4, 8, 8), zeros(1), null).shape);
            Assert.Equal([1L, 1, 12, 12], autoencoder.forward(zeros(1, 1, 12, 12)).shape);
            Assert.Equal([1L, 10], classifier.forward(zeros(1, 1, 8, 8)).shape);
        }

        foreach (var model in new nn.Module[] { expert, router, autoencoder, classifier })
        {
            var tensors = model.state_dict().Values.ToList();
            Assert.DoesNotContain(tensors, t => t.IsInvalid);
            model.Dispose();
            Assert.All(tensors, t => Assert.True(t.IsInvalid));
        }
    }

    [Fact]
    public void Wrong_shapes_are_told_in_words()
    {
        using var scope = NewDisposeScope();
        using var expert = new DiTExpert(_small);
        using var text = new DiTExpert(_small with { Condition = ConditionKind.Text, TextDim = 16 });
        using var router = new DiTRouter(_small, 3);
        using var autoencoder = new Autoencoder(1, 4, 8);
        var (x, t) = (zeros(2, 4, 8, 8), zeros(2));

        Fails("[batch, 4, 8, 8]", () => expert.forward(zeros(2, 4, 16, 16), t, null));
        Fails("[batch, 4, 8, 8]", () => expert.forward(zeros(4, 8, 8), t, null));
        Fails("[2]", () => expert.forward(x, zeros(3), null));
        Fails("takes no condition", () => expert.forward(x, t, zeros(2, 5, 16)));
        Fails("missing", () => text.forward(x, t, null));
        Fails("[2, tokens, 16]", () => text.forward(x, t, zeros(2, 5, 17)));
        Fails("[batch, 4, 8, 8]", () => router.forward(zeros(2, 1, 8, 8), t, null));
        Fails("divisible by 4", () => autoencoder.Encode(zeros(1, 1, 30, 32)));
        Fails("[batch, 4, h, w]", () => autoencoder.Decode(zeros(1, 3, 8, 8)));
        Fails("patch 2", () => (_small with { Side = 9 }).Check());
        Fails("5 heads", () => (_small with { Heads = 5 }).Check());
        Fails("nope", () => DiTShape.From(new ModelSpec { Preset = "nope" }, 4, 8));

        static void Fails(string part, Func<object?> action) =>
            Assert.Contains(part, Assert.Throws<ParisInputException>(() => _ = action()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Presets_fill_dimensions_and_explicit_ones_win()
    {
        var shape = DiTShape.From(new ModelSpec { Preset = "DiT-B/2", Layers = 3 }, 4, 32);
        Assert.Equal((768, 3, 12, 2, 256), (shape.Hidden, shape.Layers, shape.Heads, shape.Patch, shape.Tokens));
    }

    [Theory]
    [InlineData(1, 32)]
    [InlineData(3, 28)]
    public void The_autoencoder_quarters_the_sides(int channels, int side)
    {
        using var scope = NewDisposeScope();
        using var autoencoder = new Autoencoder(channels, 4, 24);
        WeightInitialization.Apply(autoencoder, 7, -1);
        var images = zeros(2, channels, side, side);
        var (mean, logVariance) = autoencoder.Encode(images);
        Assert.Equal([2L, 4, side / 4, side / 4], mean.shape);
        Assert.Equal(mean.shape, logVariance.shape);
        Assert.Equal(images.shape, autoencoder.Decode(mean).shape);
    }

    [Fact]
    public void The_demo_autoencoder_has_the_size_of_its_reference()
    {
        using var autoencoder = new Autoencoder(1, 4, 24);
        Assert.InRange(autoencoder.parameters().Sum(p => p.numel()), 85_000, 95_000); // 0.09M
    }

    [Fact]
    public void Steps_leave_the_number_of_live_tensors_constant()
    {
        using var expert = new DiTExpert(_small);
        WeightInitialization.Apply(expert, 1, 0);
        long? after = null;
        for (var step = 0; step < 4; step++)
        {
            using (NewDisposeScope())
            {
                expert.forward(zeros(2, 4, 8, 8), zeros(2), null).square().mean().backward();
            }

            after ??= LiveTensors.Count;
            Assert.Equal(after, LiveTensors.Count);
        }
    }

    [Fact]
    public void GeluTanh_is_the_tanh_form_and_so_is_its_gradient()
    {
        using var scope = NewDisposeScope();
        var x = linspace(-8, 8, 321, float64).requires_grad_();
        Activations.GeluTanh(x).sum().backward();
        var (values, gradients) = (Activations.GeluTanh(x).data<double>().ToArray(), x.grad!.data<double>().ToArray());
        var points = x.data<double>().ToArray();
        for (var i = 0; i < points.Length; i++)
        {
            var v = points[i];
            var c = Math.Sqrt(2 / Math.PI);
            var tanh = Math.Tanh(c * (v + (0.044715 * v * v * v)));
            var slope = (0.5 * (1 + tanh)) + (0.5 * v * (1 - (tanh * tanh)) * c * (1 + (3 * 0.044715 * v * v)));
            Assert.Equal(0.5 * v * (1 + tanh), values[i], 1e-6);
            Assert.Equal(slope, gradients[i], 1e-6);
        }
    }
}
