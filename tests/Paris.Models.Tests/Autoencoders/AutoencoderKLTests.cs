using Paris.Core;
using Paris.Core.Formats;
using Paris.Models.Autoencoders;
using Xunit;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace Paris.Models.Tests.Autoencoders;

public sealed class AutoencoderKLTests(ITestOutputHelper output)
{
    private static string Weights => Path.Combine(Fixtures.Folder, "autoencoder-kl-tiny", "diffusion_pytorch_model.safetensors");

    [Fact]
    public void The_size_of_the_released_autoencoder_is_reproduced()
    {
        using var model = new AutoencoderKL(AutoencoderKLShape.StableDiffusion);
        Assert.Equal(83_653_863, model.parameters().Sum(p => p.numel()));
        Assert.Equal(8, model.Shape.Factor);
    }

    [Fact]
    public void The_names_of_older_diffusers_files_load_too()
    {
        var folder = Directory.CreateTempSubdirectory("paris-vae-").FullName;
        try
        {
            // As published for sd-vae-ft-mse: query, key, value, proj_attn, matrices.
            using var file = SafetensorsFile.Open(Weights);
            var renamed = file.Tensors.Select(t => TensorData.Of(
                t.Name.Replace(".to_q.", ".query.", StringComparison.Ordinal).Replace(".to_k.", ".key.", StringComparison.Ordinal)
                    .Replace(".to_v.", ".value.", StringComparison.Ordinal).Replace(".to_out.0.", ".proj_attn.", StringComparison.Ordinal),
                file.ToSingles(t.Name),
                [.. t.Shape]));
            var path = Path.Combine(folder, "old.safetensors");
            File.WriteAllBytes(path, SafetensorsWriter.ToBytes([.. renamed]));
            File.Copy(Path.Combine(Path.GetDirectoryName(Weights)!, "config.json"), Path.Combine(folder, "config.json"));

            using var old = AutoencoderKL.Load(path);
            using var present = AutoencoderKL.Load(Weights);
            Assert.Equal(WeightFile.Save(present), WeightFile.Save(old));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Groups_that_do_not_divide_the_channels_are_told_in_words()
    {
        var config = Path.GetTempFileName();
        try
        {
            File.WriteAllText(config, """{"norm_num_groups": 1009}""");
            var error = Assert.Throws<ParisInputException>(() => AutoencoderKL.Load(Weights, ModelConfig.Read(config)));
            Assert.Contains("1009 groups do not divide", error.Message, StringComparison.Ordinal);
            Assert.Contains("norm_num_groups", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(config);
        }
    }

    [Fact]
    public void Latents_for_a_diffusion_model_are_the_scaled_mean_and_lead_back()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var model = AutoencoderKL.Load(Weights);
        var images = Waves(1, model.Shape.Channels, 16, 24);
        var mean = model.Encode(images).Mean;
        Assert.Equal(0, Largest(model.ToLatents(images) - (mean * model.Shape.ScalingFactor)));
        Assert.InRange(Largest(model.ToImages(model.ToLatents(images)) - model.Decode(mean)), 0, 1e-4);
    }

    [Fact]
    public void An_image_of_one_tile_is_decoded_whole()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var model = AutoencoderKL.Load(Weights);
        var latents = Waves(1, model.Shape.LatentChannels, 8, 6);
        Assert.Equal(0, Largest(model.DecodeTiled(latents, tile: 8, overlap: 2) - model.Decode(latents)));
    }

    [Fact]
    public void With_the_statistics_of_the_whole_picture_a_tiled_one_is_equal()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var model = AutoencoderKL.Load(Weights);

        // A pixel sees one more cell a convolution, half of one at the next level …; the quarter of the overlap that counts nothing is wider.
        var overlap = 4 * 2 * ((2 * (model.Shape.BlocksPerLevel + 1)) + 1);
        var latents = Waves(1, model.Shape.LatentChannels, overlap, overlap + 32);
        var difference = model.DecodeTiled(latents, overlap + 16, overlap, exact: true) - model.Decode(latents);

        Assert.InRange(Largest(difference), 0, 1e-4);
    }

    [Fact]
    public void With_the_statistics_of_each_tile_it_is_close_and_has_no_seams()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var model = AutoencoderKL.Load(Weights);
        var latents = Waves(1, model.Shape.LatentChannels, 40, 56);
        var whole = model.Decode(latents);
        var (tiled, exact) = (model.DecodeTiled(latents, tile: 24, overlap: 8), model.DecodeTiled(latents, tile: 24, overlap: 8, exact: true));
        Assert.Equal(whole.shape, tiled.shape);
        output.WriteLine($"mean difference over the picture's deviation: {Mean(tiled):0.00000}, exact statistics {Mean(exact):0.00000}");
        Assert.InRange(Mean(tiled), 0, 0.15);
        Assert.True(Mean(exact) < Mean(tiled));

        // A seam would be a step between neighbours that the whole picture does not have.
        Assert.InRange(Largest(Steps(tiled) - Steps(whole)) / Largest(Steps(whole)), 0, 0.5);

        float Mean(Tensor x) => (x - whole).abs().mean().item<float>() / whole.std().item<float>();

        static Tensor Steps(Tensor x) => x.narrow(3, 1, x.shape[3] - 1) - x.narrow(3, 0, x.shape[3] - 1);
    }

    [Theory]
    [InlineData(25, 24, 8)]
    [InlineData(100, 24, 8)]
    [InlineData(64, 24, 0)]
    [InlineData(20, 24, 8)]
    public void Tiles_cover_a_side_and_their_weights_add_up_to_one(int side, int length, int overlap)
    {
        var tiles = Tile.Along(side, length, overlap);
        var total = new double[side * 2];
        foreach (var (tile, weights) in tiles.Zip(Tile.Weights(tiles, overlap, 2)))
        {
            for (var i = 0; i < weights.Length; i++)
            {
                total[(tile.Start * 2) + i] += weights[i];
            }
        }

        Assert.All(total, sum => Assert.Equal(1, sum, 1e-5));
        Assert.Equal(side, Tile.Own(tiles).Sum(own => own.Length));
        Assert.All(tiles.Zip(Tile.Own(tiles)), pair => Assert.True(pair.Second.Start >= 0 && pair.Second.Start + pair.Second.Length <= pair.First.Length));
        Assert.All(tiles.Zip(tiles.Skip(1)), pair => Assert.True(pair.First.Start + pair.First.Length - pair.Second.Start >= overlap));
    }

    [Fact]
    public void Passes_leave_their_results_and_nothing_else()
    {
        using var noGradient = no_grad();
        using var model = AutoencoderKL.Load(Weights);
        using var images = zeros(1, model.Shape.Channels, 16, 16);
        model.call(images).Dispose();
        var before = LiveTensors.Count;
        var (mean, logVariance) = model.Encode(images);
        using var decoded = model.DecodeTiled(mean, tile: 2, overlap: 1);
        using var exact = model.DecodeTiled(mean, tile: 2, overlap: 1, exact: true);
        Assert.Equal(before + 4, LiveTensors.Count);
        mean.Dispose();
        logVariance.Dispose();
    }

    private static float Largest(Tensor x) => x.abs().max().item<float>();

    private static Tensor Waves(params long[] shape) => (arange(shape.Aggregate(1L, (a, b) => a * b), float32).view(shape) * 0.37).sin();
}
