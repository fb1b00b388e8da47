using System.Security.Cryptography;
using Paris.Core;
using Paris.Core.Formats;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests;

public sealed class WeightsTests
{
    private static readonly DiTShape _small = new(4, 8, 32, 2, 4, Condition: ConditionKind.Text, TextDim: 16);

    [Fact]
    public void Initial_weights_depend_on_seed_and_expert_alone()
    {
        Assert.Equal(Hash(1, 0), Hash(1, 0));
        Assert.NotEqual(Hash(1, 0), Hash(1, 1));
        Assert.NotEqual(Hash(1, 0), Hash(2, 0));

        static string Hash(ulong seed, int expert)
        {
            using var model = new DiTExpert(_small);
            WeightInitialization.Apply(model, seed, expert);
            return Convert.ToHexString(SHA256.HashData(WeightFile.Save(model)));
        }
    }

    [Fact]
    public void What_closes_a_branch_starts_at_zero_and_matrices_fill_the_Xavier_interval()
    {
        using var scope = NewDisposeScope();
        using var model = new DiTExpert(_small);
        WeightInitialization.Apply(model, 1, 0);
        var weights = model.state_dict();
        foreach (var name in new[]
        {
            "t_block.1.weight", "t_block.1.bias", "layers.0.scale_shift_table", "layers.1.cross_attn.out_proj.weight", "layers.1.cross_attn.out_proj.bias",
            "final_layer.scale_shift_table", "final_layer.linear.weight", "final_layer.linear.bias", "layers.0.attn.in_proj_bias", "patch_embed.bias",
        })
        {
            Assert.Equal(0, weights[name].abs().max().item<float>());
        }

        Xavier("layers.0.attn.in_proj_weight", 32, 96);
        Xavier("layers.0.mlp.0.weight", 32, 128);
        Xavier("time_embed.mlp.0.weight", 256, 32);
        Xavier("patch_embed.weight", 4 * 2 * 2, 32);

        void Xavier(string name, int fanIn, int fanOut)
        {
            var bound = Math.Sqrt(6.0 / (fanIn + fanOut));
            var largest = weights[name].abs().max().item<float>();
            Assert.InRange(largest, 0.95 * bound, bound);
            Assert.InRange(Math.Abs(weights[name].mean().item<float>()), 0, 0.1 * bound);
        }
    }

    [Fact]
    public void Weights_survive_the_way_through_a_file()
    {
        using var first = new DiTRouter(_small, 3);
        using var second = new DiTRouter(_small, 3);
        WeightInitialization.Apply(first, 3, -1);
        WeightInitialization.Apply(second, 4, -1);
        var bytes = WeightFile.Save(first, new Dictionary<string, string> { ["run"] = "r" });
        using var file = SafetensorsFile.FromBytes(bytes);

        WeightFile.Load(second, file);

        Assert.Equal("r", file.Metadata["run"]);
        Assert.Equal(WeightFile.Save(first), WeightFile.Save(second));
    }

    [Fact]
    public void A_file_that_does_not_fit_is_refused_with_every_name_and_changes_nothing()
    {
        using var model = new DiTRouter(_small, 3);
        WeightInitialization.Apply(model, 3, -1);
        var before = WeightFile.Save(model);
        using var other = new DiTRouter(_small with { Layers = 3 }, 4);
        using var file = SafetensorsFile.FromBytes(WeightFile.Save(other));
        using var less = new DiTRouter(_small with { Layers = 1 }, 3);
        using var lessFile = SafetensorsFile.FromBytes(WeightFile.Save(less));

        var tooMuch = Assert.Throws<ParisInputException>(() => WeightFile.Load(model, file)).Message;
        var tooLittle = Assert.Throws<ParisInputException>(() => WeightFile.Load(model, lessFile)).Message;

        Assert.Contains("unexpected 'layers.2.attn.in_proj_weight'", tooMuch, StringComparison.Ordinal);
        Assert.Contains("'head.4.weight' is [4, 32], not [3, 32]", tooMuch, StringComparison.Ordinal);
        Assert.Contains("missing 'layers.1.mlp.2.bias'", tooLittle, StringComparison.Ordinal);
        Assert.Equal(before, WeightFile.Save(model));
    }
}
