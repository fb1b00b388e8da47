using Paris.Core;
using Paris.Core.Formats;
using Paris.Models.Autoencoders;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests.Autoencoders;

public sealed class TinyAutoencoderTests
{
    /// <summary>The counts of the published TAEF2 (with pool) and TAESD (without).</summary>
    [Theory]
    [InlineData(32, true, 1_338_528, 1_338_499)]
    [InlineData(4, false, 1_222_532, 1_222_531)]
    public void Published_sizes_are_reproduced(int latents, bool pool, long encoderCount, long decoderCount)
    {
        using var encoder = new TinyEncoder(3, latents, pool: pool);
        using var decoder = new TinyDecoder(latents, 3, pool: pool);
        Assert.Equal(encoderCount, encoder.parameters().Sum(p => p.numel()));
        Assert.Equal(decoderCount, decoder.parameters().Sum(p => p.numel()));
    }

    [Fact]
    public void Both_load_from_one_file_with_the_names_of_diffusers()
    {
        var folder = Directory.CreateTempSubdirectory("paris-tiny-").FullName;
        try
        {
            using var encoder = new TinyEncoder(3, 4, width: 8);
            using var decoder = new TinyDecoder(4, 3, width: 8);
            using var first = SafetensorsFile.FromBytes(WeightFile.Save(encoder));
            using var second = SafetensorsFile.FromBytes(WeightFile.Save(decoder));
            var path = Path.Combine(folder, "model.safetensors");
            File.WriteAllBytes(path, SafetensorsWriter.ToBytes([
                .. first.Tensors.Select(t => TensorData.Of("encoder." + t.Name, first.ToSingles(t.Name), [.. t.Shape])),
                .. second.Tensors.Select(t => TensorData.Of("decoder." + OneLess(t.Name), second.ToSingles(t.Name), [.. t.Shape])),
            ]));

            using var loadedEncoder = TinyEncoder.Load(path);
            using var loadedDecoder = TinyDecoder.Load(path);
            Assert.Equal(WeightFile.Save(encoder), WeightFile.Save(loadedEncoder));
            Assert.Equal(WeightFile.Save(decoder), WeightFile.Save(loadedDecoder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static string OneLess(string name)
        {
            var parts = name.Split('.');
            parts[1] = (int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) - 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
            return string.Join('.', parts);
        }
    }

    [Fact]
    public void Sides_shrink_and_grow_by_eight_and_wrong_ones_are_told_in_words()
    {
        using var scope = NewDisposeScope();
        using var encoder = new TinyEncoder(3, 4, width: 8, pool: true);
        using var decoder = new TinyDecoder(4, 3, width: 8, pool: true);
        var latents = encoder.call(zeros(2, 3, 16, 24));
        Assert.Equal([2L, 4, 2, 3], latents.shape);
        Assert.Equal([2L, 3, 16, 24], decoder.call(latents).shape);
        Assert.Contains("divisible by 8", Assert.Throws<ParisInputException>(() => encoder.call(zeros(1, 3, 12, 16))).Message, StringComparison.Ordinal);
        Assert.Contains("[batch, 4, h, w]", Assert.Throws<ParisInputException>(() => decoder.call(zeros(1, 3, 2, 2))).Message, StringComparison.Ordinal);
    }
}
