using Paris.Core;
using Paris.Core.Specs;
using Paris.Models;
using Paris.Models.Tests;
using Paris.Models.Encoders;
using Paris.Training.Clustering;
using Paris.Training.Data;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Training.Tests.Clustering;

/// <summary>The image features of the paper, with the weights of the fixture dinov2-tiny (facebookresearch/dinov2).</summary>
public sealed class DinoV2FeaturesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-dinov2-features-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>At the size of the weights nothing is resized, so the feature is the class token of the golden model for these pixels.</summary>
    [Theory]
    [InlineData("original.safetensors", "config_original.json")]
    [InlineData("huggingface.safetensors", "config.json")]
    public void A_feature_is_the_class_token_of_length_one(string weights, string config)
    {
        const int side = 56;
        var pixels = PixelPcaTests.Noise(3 * 3 * side * side, 4);
        var shard = Shard(pixels, 3, side, 3);
        using var extractor = FeatureExtractors.Create(Spec(Weights(weights, config), side, side), [_folder]);
        extractor.Fit(() => throw new InvalidOperationException("nothing is fitted"));

        var features = extractor.Extract(shard, 1, 2);

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = DinoV2.Load(Fixture(weights), ModelConfig.Read(Fixture(config)));
        var input = tensor([.. pixels[(3 * side * side)..].Select(x => x / 255f)], [2, 3, side, side]);
        var tokens = model.Tokens(DinoV2.Normalised(input)).Class;
        var expected = (tokens / (tokens * tokens).sum(1, keepdim: true).sqrt()).data<float>().ToArray();
        Assert.Equal(48, extractor.Dimension);
        Assert.Equal(expected.Length, features.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], features[i], 1e-5f);
        }
    }

    /// <summary>What the model sees: the middle of the resized square, a constant picture unchanged, grey as three channels.</summary>
    [Fact]
    public void Pictures_are_resized_cropped_and_normalised()
    {
        var grey = new byte[2 * 40 * 40];
        grey.AsSpan(0, 1600).Fill(51);
        for (var p = 0; p < 1600; p++)
        {
            // White in the outer eighth, black inside: the crop leaves the border out.
            var (y, x) = (p / 40, p % 40);
            grey[1600 + p] = Math.Min(Math.Min(x, 39 - x), Math.Min(y, 39 - y)) < 2 ? (byte)255 : (byte)0;
        }

        using var extractor = (DinoV2Features)FeatureExtractors.Create(Spec(Weights(), 56, 0), null);
        using var scope = NewDisposeScope();
        using var input = extractor.Input(Shard(grey, 1, 40, 2), 0, 2);

        Assert.Equal([2L, 3, 56, 56], input.shape);
        Assert.Equal((0.2 - 0.485) / 0.229, input[0, 0][5, 50].item<float>(), 1e-4);
        Assert.Equal((0.2 - 0.406) / 0.225, input[0, 2][55, 0].item<float>(), 1e-4);
        Assert.Equal((0 - 0.456) / 0.224, input[1, 1][28, 28].item<float>(), 1e-4);
        Assert.True(input[1, 1][0, 0].item<float>() < 0.5, "the border of 2 of 40 pixels is cropped to a trace");
    }

    /// <summary>A feature does not depend on the samples it is computed with, beyond rounding; that of the same batch is the same to the bit.</summary>
    [Fact]
    public void The_same_batch_gives_the_same_bits_and_no_tensor_is_left()
    {
        var shard = Shard(PixelPcaTests.Noise(5 * 3 * 32 * 32, 8), 3, 32, 5);
        using var extractor = FeatureExtractors.Create(Spec(Weights(), 56, 64), null);
        var first = extractor.Extract(shard, 0, 5);
        var before = LiveTensors.Count;
        Assert.Equal(first, extractor.Extract(shard, 0, 5));
        Assert.Equal(before, LiveTensors.Count);
        var alone = extractor.Extract(shard, 4, 1);
        for (var d = 0; d < alone.Length; d++)
        {
            Assert.Equal(first[(4 * alone.Length) + d], alone[d], 1e-5f);
        }
    }

    [Fact]
    public void What_does_not_fit_is_told_in_one_line()
    {
        var weights = Weights();
        Refused(Spec(weights, 50, 0), "clustering.inputSize is 50", "patches of 14×14", "56");
        Refused(Spec(weights, 56, 42), "clustering.resizeSize is 42");
        Refused(Spec(Path.Combine(_folder, "none"), 56, 0), "clustering.weights: there is no file or folder");
        Refused(Spec(null, 56, 0), "clustering.weights is missing");
        var other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        Refused(Spec(other, 56, 0), "holds no weights");
        File.Copy(Path.Combine(Fixtures.Folder, "clip-text-tiny", "huggingface.safetensors"), Path.Combine(other, "a.safetensors"));
        Refused(Spec(other, 56, 0), "clustering.weights", "holds no DINOv2 model");
        File.WriteAllBytes(Path.Combine(other, "b.pth"), [1]);
        Refused(Spec(other, 56, 0), "2 files of weights (a.safetensors, b.pth)");

        var outside = Assert.Throws<ParisInputException>(() => FeatureExtractors.Create(Spec(weights, 56, 0), [other])).Message;
        Assert.Contains("outside the allowed source folders", outside, StringComparison.Ordinal);

        static void Refused(ClusteringSpec spec, params string[] parts)
        {
            var before = LiveTensors.Count;
            var message = Assert.Throws<ParisInputException>(() => FeatureExtractors.Create(spec, null)).Message;
            Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
            Assert.DoesNotContain('\n', message);
            LiveTensors.AreAsManyAs(before);
        }
    }

    /// <summary>A folder as people download it: the weights under their usual name, config.json beside them.</summary>
    private string Weights(string weights = "huggingface.safetensors", string config = "config.json")
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, Path.GetFileNameWithoutExtension(weights))).FullName;
        File.Copy(Fixture(weights), Path.Combine(folder, "model.safetensors"), overwrite: true);
        File.Copy(Fixture(config), Path.Combine(folder, "config.json"), overwrite: true);
        return folder;
    }

    private static string Fixture(string name) => Path.Combine(Fixtures.Folder, "dinov2-tiny", "mlp", name);

    private static ClusteringSpec Spec(string? weights, int input, int resize) => new() { Extractor = "dinov2", Weights = weights, InputSize = input, ResizeSize = resize };

    private static Shard Shard(byte[] pixels, int channels, int side, int count)
        => new(ShardContent.Pixels, [channels, side, side], pixels, [.. Enumerable.Range(0, count).Select(i => (long)i)], [.. Enumerable.Repeat(-1L, count)]);
}
