using Paris.Core;
using Paris.Core.Formats;
using Paris.Models.Encoders;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests.Encoders;

public sealed class DinoV2Tests
{
    private static readonly DinoV2Shape _small = new(32, 2, 4, Patch: 4, Grid: 4, MlpHidden: 64, Registers: 1);

    /// <summary>The parameter counts of the released models, the unused mask token not counted.</summary>
    [Theory]
    [InlineData("S", 22_056_192L)]
    [InlineData("B", 86_579_712L)]
    [InlineData("L", 304_367_616L)]
    [InlineData("g", 1_136_479_232L)]
    public void Released_sizes_are_reproduced(string size, long expected)
    {
        var shape = size switch { "S" => DinoV2Shape.Small, "B" => DinoV2Shape.Base, "L" => DinoV2Shape.Large, _ => DinoV2Shape.Giant };

        // One and two layers tell the rest: ViT-g would take 4.5 GB.
        var (one, two) = (Count(1), Count(2));
        Assert.Equal(expected, one + ((shape.Layers - 1) * (two - one)));

        long Count(int layers)
        {
            using var model = new DinoV2(shape with { Layers = layers });
            return model.parameters().Sum(p => p.numel());
        }
    }

    [Fact]
    public void A_feature_depends_on_the_image_and_every_token_is_handed_out()
    {
        using var scope = NewDisposeScope();
        using var model = Random(_small);
        var images = arange(2 * 3 * 16 * 24, float32).view(2, 3, 16, 24).sin();
        var tokens = model.Tokens(images);

        Assert.Equal([2L, 32], tokens.Class.shape);
        Assert.Equal([2L, 4 * 6, 32], tokens.Patches.shape);
        Assert.Equal([2L, 1, 32], tokens.Registers.shape);
        Assert.Equal(tokens.Class.data<float>().ToArray(), model.call(images).data<float>().ToArray());
        Assert.True((tokens.Class.select(0, 0) - tokens.Class.select(0, 1)).abs().max().item<float>() > 1e-4);
    }

    [Fact]
    public void A_forward_pass_leaves_its_result_and_nothing_else()
    {
        using var model = Random(_small);
        using var images = zeros(1, 3, 24, 16);
        model.call(images).Dispose();
        var before = LiveTensors.Count;
        using var feature = model.call(images);
        Assert.Equal(before + 1, LiveTensors.Count);
    }

    [Fact]
    public void A_file_that_is_none_or_does_not_fit_is_refused_by_name()
    {
        var folder = Directory.CreateTempSubdirectory("paris-dinov2-").FullName;
        try
        {
            var path = Path.Combine(folder, "model.safetensors");
            Write(("something.else", [3L]));
            var none = Assert.Throws<ParisInputException>(() => DinoV2.Load(path)).Message;
            Assert.Contains("'patch_embed.proj.weight' (facebookresearch/dinov2)", none, StringComparison.Ordinal);
            Assert.Contains("'embeddings.patch_embeddings.projection.weight' (Hugging Face", none, StringComparison.Ordinal);

            using var fixture = SafetensorsFile.Open(Path.Combine(Fixtures.Folder, "dinov2-tiny", "mlp", "huggingface.safetensors"));
            const string Query = "encoder.layer.0.attention.attention.query.weight";
            Write([.. fixture.Tensors
                .Where(t => t.Name != "layernorm.bias")
                .Select(t => (t.Name, t.Name == Query ? new long[] { 1, t.Shape[1] } : [.. t.Shape])), ("extra", [1L])]);
            var before = LiveTensors.Count;
            var wrong = Assert.Throws<ParisInputException>(() => DinoV2.Load(path, Config())).Message;
            Assert.Contains("missing 'layernorm.bias'", wrong, StringComparison.Ordinal);
            Assert.Contains($"'{Query}' is [1, {fixture[Query].Shape[1]}], not [{string.Join(", ", fixture[Query].Shape)}]", wrong, StringComparison.Ordinal);
            Assert.Contains("unexpected 'extra'", wrong, StringComparison.Ordinal);
            LiveTensors.AreAsManyAs(before);

            void Write(params (string Name, long[] Shape)[] tensors) => File.WriteAllBytes(
                path, SafetensorsWriter.ToBytes([.. tensors.Select(t => TensorData.Of(t.Name, new float[t.Shape.Aggregate(1L, (a, b) => a * b)], t.Shape))]));

            ModelConfig Config() => ModelConfig.Read(Path.Combine(Fixtures.Folder, "dinov2-tiny", "mlp", "config.json"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Sides_that_are_no_multiple_of_the_patch_are_told_in_words()
    {
        using var scope = NewDisposeScope();
        using var model = Random(_small);
        var error = Assert.Throws<ParisInputException>(() => model.Tokens(zeros(1, 3, 16, 15)));
        Assert.Contains("divisible by 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pixels_are_normalised_by_the_statistics_of_ImageNet()
    {
        using var scope = NewDisposeScope();
        var result = DinoV2.Normalised(full([1, 3, 1, 2], 0.5f));
        Assert.Equal((0.5 - 0.485) / 0.229, result[0, 0][0, 1].item<float>(), 1e-5);
        Assert.Equal((0.5 - 0.406) / 0.225, result[0, 2][0, 0].item<float>(), 1e-5);
    }

    private static DinoV2 Random(DinoV2Shape shape)
    {
        var model = new DinoV2(shape);
        WeightInitialization.Apply(model, 1, 0);
        return model;
    }
}
