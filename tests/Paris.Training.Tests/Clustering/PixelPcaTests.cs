using Paris.Core;
using Paris.Core.Formats;
using Paris.Core.Random;
using Paris.Training.Clustering;
using Paris.Training.Data;
using Xunit;

namespace Paris.Training.Tests.Clustering;

public sealed class PixelPcaTests
{
    [Fact]
    public void Two_directions_of_variation_are_found()
    {
        // Images vary along two orthogonal patterns only: strong in the upper half, weak in the lower; the border never changes. All four
        // combinations of signs occur, so that the two are uncorrelated.
        var random = new PhiloxKey(1, RandomPurpose.Simulation).Stream();
        var pixels = new byte[400 * 64];
        var (strong, weak) = (0, 0);
        for (var i = 0; i < 400; i++)
        {
            (strong, weak) = (i % 4) switch
            {
                0 => (random.NextInt(100) + 1, random.NextInt(20) + 1),
                2 => (-strong, weak),
                _ => (strong, -weak),
            };
            for (var p = 8; p < 56; p++)
            {
                pixels[(i * 64) + p] = (byte)(128 + (p < 32 ? strong : weak));
            }
        }

        var extractor = new PixelPca(dimension: 2, normalise: false);
        extractor.Fit(() => Halves(pixels, 64));

        Assert.Equal(48, extractor.Metrics["active-pixels"]);
        Assert.Equal(1, extractor.Metrics["explained-variance"], 1e-5);
        using var file = SafetensorsFile.FromBytes(extractor.Save());
        var components = file.View<float>("components");
        for (var p = 0; p < 48; p++)
        {
            Assert.Equal(p < 24 ? 1 / MathF.Sqrt(24) : 0, components[p], 1e-4f);
            Assert.Equal(p < 24 ? 0 : 1 / MathF.Sqrt(24), components[48 + p], 1e-4f);
        }

        // Centred: features sum to zero.
        var features = Halves(pixels, 64).SelectMany(half => extractor.Extract(half, 0, half.Count)).ToArray();
        Assert.Equal(800, features.Length);
        Assert.Equal(0, features.Where((_, i) => i % 2 == 0).Average(), 1e-4f);
    }

    [Fact]
    public void Features_have_unit_length_when_asked_and_do_not_depend_on_shards()
    {
        var pixels = Noise(300 * 64, 2);
        var extractor = new PixelPca(dimension: 5, normalise: true);
        extractor.Fit(() => Halves(pixels, 64));

        var whole = extractor.Extract(Shard(pixels, 64, 0, 300), 0, 300);
        var parts = Halves(pixels, 64).SelectMany(half => extractor.Extract(half, 0, half.Count)).ToArray();

        Assert.Equal(whole.Length, parts.Length);
        for (var i = 0; i < whole.Length; i++)
        {
            Assert.Equal(whole[i], parts[i], 1e-5f);
        }

        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(1, whole.AsSpan(i * 5, 5).ToArray().Sum(value => value * value), 1e-5f);
        }
    }

    [Fact]
    public void Large_images_are_seen_as_thumbnails()
    {
        var pixels = Noise(40 * 64 * 64, 3);
        var shard = new Shard(ShardContent.Pixels, [1, 64, 64], pixels, Ids(40), Ids(40));
        var extractor = new PixelPca(dimension: 4, normalise: false);

        extractor.Fit(() => [shard]);

        Assert.Equal(32 * 32, extractor.Metrics["active-pixels"]);
        Assert.Equal(160, extractor.Extract(shard, 0, shard.Count).Length);
    }

    [Fact]
    public void Images_that_vary_too_little_are_bad_input()
    {
        var pixels = new byte[10 * 64];
        pixels[5] = 1;
        var extractor = new PixelPca(dimension: 2, normalise: false);

        var error = Assert.Throws<ParisInputException>(() => extractor.Fit(() => [Shard(pixels, 64, 0, 10)]));

        Assert.Contains("clustering.dimension is 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_extractor_is_named()
    {
        var error = Assert.Throws<ParisInputException>(() => FeatureExtractors.Create(new() { Extractor = "dino" }, roots: null));

        Assert.Contains("'dino'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'pixels-pca'", error.Message, StringComparison.Ordinal);
    }

    internal static byte[] Noise(int count, ulong seed)
    {
        var random = new PhiloxKey(seed, RandomPurpose.Simulation).Stream();
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            bytes[i] = (byte)random.NextUInt32();
        }

        return bytes;
    }

    private static IEnumerable<Shard> Halves(byte[] pixels, int size)
    {
        var count = pixels.Length / size;
        yield return Shard(pixels, size, 0, count / 3);
        yield return Shard(pixels, size, count / 3, count - (count / 3));
    }

    private static Shard Shard(byte[] pixels, int size, int first, int count)
        => new(ShardContent.Pixels, [1, 8, size / 8], pixels.AsMemory(first * size, count * size), Ids(count), Ids(count));

    private static long[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => (long)i)];
}
