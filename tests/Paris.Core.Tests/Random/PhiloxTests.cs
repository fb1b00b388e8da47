using Paris.Core.Random;
using Xunit;

namespace Paris.Core.Tests.Random;

public sealed class PhiloxTests
{
    /// <summary>The known answers that the authors publish with Random123 for philox4x32-10.</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdcceb, 0x5001e420u, 0x24126ea1u)]
    public void KnownAnswers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint w0, uint w1, uint w2, uint w3)
        => Assert.Equal(new PhiloxBlock(w0, w1, w2, w3), Philox.Block(new PhiloxBlock(c0, c1, c2, c3), k0, k1));

    [Fact]
    public void EveryPartOfTheKeyChangesTheStream()
    {
        var keys = new[]
        {
            new PhiloxKey(1, RandomPurpose.Noise, 0, 0, 0),
            new PhiloxKey(2, RandomPurpose.Noise, 0, 0, 0),
            new PhiloxKey(1UL << 32, RandomPurpose.Noise, 0, 0, 0),
            new PhiloxKey(1, RandomPurpose.Time, 0, 0, 0),
            new PhiloxKey(1, RandomPurpose.Noise, 1, 0, 0),
            new PhiloxKey(1, RandomPurpose.Noise, PhiloxKey.NoExpert, 0, 0),
            new PhiloxKey(1, RandomPurpose.Noise, 65534, 0, 0),
            new PhiloxKey(1, RandomPurpose.Noise, 0, 1, 0),
            new PhiloxKey(1, RandomPurpose.Noise, 0, uint.MaxValue, 0),
            new PhiloxKey(1, RandomPurpose.Noise, 0, 0, 1),
            new PhiloxKey(1, RandomPurpose.Noise, 0, 0, 1L << 32),
        };
        Assert.Equal(keys.Length, keys.Select(key => key.Block(0)).Distinct().Count());
    }

    [Fact]
    public void KeyGivesItsPartsBack()
    {
        var key = new PhiloxKey(7, RandomPurpose.Order, 65534, uint.MaxValue, (1L << 40) - 1);
        Assert.Equal((7UL, RandomPurpose.Order, 65534, uint.MaxValue, (1L << 40) - 1), (key.Seed, key.Purpose, key.Expert, key.Step, key.Sample));
        Assert.Equal(-1, new PhiloxKey(7, RandomPurpose.Order).Expert);
        Assert.Equal(new PhiloxKey(7, RandomPurpose.Order, 3, 9, 8), new PhiloxKey(7, RandomPurpose.Order, 3).AtStep(9).ForSample(8));
    }

    [Theory]
    [InlineData(-2, 0, 0)]
    [InlineData(65535, 0, 0)]
    [InlineData(0, -1, 0)]
    [InlineData(0, 1L << 32, 0)]
    [InlineData(0, 0, -1)]
    [InlineData(0, 0, 1L << 40)]
    public void RefusesWhatTheCounterCannotHold(int expert, long step, long sample)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new PhiloxKey(0, RandomPurpose.Noise, expert, step, sample));

    [Fact]
    public void UniformsAreWordsOnAGrid()
    {
        var key = new PhiloxKey(3, RandomPurpose.Time);
        var values = new float[1001];
        key.FillUniform(values);
        var stream = key.Stream();
        for (var i = 0; i < values.Length; i++)
        {
            Assert.Equal((stream.NextUInt32() >> 8) / 16777216f, values[i]);
            Assert.Equal(values[i], key.UniformAt(i));
        }

        Assert.All(values, value => Assert.InRange(value, 0f, 0.99999994f));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(5, 300)]
    [InlineData(254, 9)]
    [InlineData(255, 1000)]
    [InlineData(256, 256)]
    public void AnyPartOfAStreamEqualsThatPartOfTheWhole(int offset, int count)
    {
        var key = new PhiloxKey(9, RandomPurpose.Noise, 2, 77, 5);
        var whole = new float[1400];
        var part = new float[count];
        key.FillNormal(whole);
        key.FillNormal(part, offset);
        Assert.Equal(whole[offset..(offset + count)], part);
        key.FillUniform(whole);
        key.FillUniform(part, offset);
        Assert.Equal(whole[offset..(offset + count)], part);
    }

    [Fact]
    public void NormalsFollowBoxMuller()
    {
        var key = new PhiloxKey(11, RandomPurpose.Noise);
        var values = new float[20_000];
        key.FillNormal(values);
        var stream = key.Stream();
        for (var i = 0; i < values.Length; i += 2)
        {
            var u = ((stream.NextUInt32() >> 1) + 0.5) / (1L << 31);
            var angle = (2 * Math.PI * stream.NextUInt32() / (1L << 32)) - (Math.PI / 4);
            var radius = Math.Sqrt(-2 * Math.Log(u));

            // −ln u near u = 1 has the spacing of u in single precision: 6e-8, so the radius is good to 6e-8 / radius there.
            var tolerance = 2e-6 + (1e-7 / Math.Max(radius, 1e-4));
            Assert.Equal(radius * Math.Cos(angle), values[i], tolerance);
            Assert.Equal(radius * Math.Sin(angle), values[i + 1], tolerance);
        }
    }

    [Fact]
    public void NormalsHaveTheMomentsAndTailsOfANormal()
    {
        const int N = 1 << 20;
        var values = new float[N];
        new PhiloxKey(42, RandomPurpose.Noise, 1).FillNormal(values);
        double sum = 0, square = 0, cube = 0, fourth = 0, lag = 0;
        var beyond3 = 0;
        for (var i = 0; i < N; i++)
        {
            double z = values[i];
            sum += z;
            square += z * z;
            cube += z * z * z;
            fourth += z * z * z * z;
            lag += z * values[(i + 1) % N];
            beyond3 += Math.Abs(z) > 3 ? 1 : 0;
        }

        // Five standard errors of each.
        Assert.InRange(sum / N, -5 / Math.Sqrt(N), 5 / Math.Sqrt(N));
        Assert.InRange(square / N, 1 - (5 * Math.Sqrt(2.0 / N)), 1 + (5 * Math.Sqrt(2.0 / N)));
        Assert.InRange(cube / N, -5 * Math.Sqrt(15.0 / N), 5 * Math.Sqrt(15.0 / N));
        Assert.InRange(fourth / N, 3 - (5 * Math.Sqrt(96.0 / N)), 3 + (5 * Math.Sqrt(96.0 / N)));
        Assert.InRange(lag / N, -5 / Math.Sqrt(N), 5 / Math.Sqrt(N));
        var expected = N * 0.0026998;
        Assert.InRange(beyond3, expected - (5 * Math.Sqrt(expected)), expected + (5 * Math.Sqrt(expected)));
    }

    /// <summary>Bits that every machine must give: the record of a run made elsewhere stays valid.</summary>
    [Fact]
    public void NormalsAreTheseBits()
    {
        var values = new float[4096];
        new PhiloxKey(42, RandomPurpose.Noise, 1, 2, 3).FillNormal(values);
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)));
        Assert.StartsWith("098ac9069e0bf1aac37a22fd19a61e14b33461e5f", hash);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void BoundedIntegersAreUniform(int bound)
    {
        var stream = new PhiloxKey(5, RandomPurpose.Seeding).Stream();
        const int Draws = 40_000;
        var cells = Math.Min(bound, 10);
        var counts = new int[cells];
        for (var i = 0; i < Draws; i++)
        {
            var value = stream.NextInt(bound);
            Assert.InRange(value, 0, bound - 1);
            counts[(int)((long)value * cells / bound)]++;
        }

        var expected = Draws / (double)cells;
        Assert.All(counts, count => Assert.InRange(count, expected - (5 * Math.Sqrt(expected)), expected + (5 * Math.Sqrt(expected))));
    }

    [Fact]
    public void IndicesFollowTheirWeights()
    {
        var stream = new PhiloxKey(6, RandomPurpose.Routing).Stream();
        var counts = new int[4];
        for (var i = 0; i < 10_000; i++)
        {
            counts[stream.NextIndex([1, 0, 3, 0])]++;
        }

        Assert.Equal(0, counts[1] + counts[3]);
        Assert.InRange(counts[0], 2250, 2750);
        Assert.Throws<ArgumentException>(() => stream.NextIndex([0, 0]));
        Assert.Throws<ArgumentException>(() => stream.NextIndex([1, double.NaN]));
    }
}
