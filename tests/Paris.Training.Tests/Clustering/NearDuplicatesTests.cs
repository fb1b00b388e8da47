using Paris.Core.Random;
using Paris.Training.Clustering;
using Xunit;

namespace Paris.Training.Tests.Clustering;

/// <summary>Near-duplicates against a search of all pairs in float64.</summary>
public sealed class NearDuplicatesTests
{
    private const int Dimension = 24;

    [Theory]
    [InlineData(1, 0.05)]
    [InlineData(5, 0.05)]
    [InlineData(5, 0.4)]
    [InlineData(40, 0.002)]
    public void They_are_those_of_the_search_of_all_pairs(int clusters, double distance)
    {
        var values = Planted(600);
        int[] fine = [.. Enumerable.Range(0, 600).Select(i => i / 2 % clusters)]; // pairs stay together
        var compared = 0;

        var found = NearDuplicates.Find(values, Dimension, fine, clusters, distance, rows => compared = rows);

        var expected = AllPairs(values, fine, distance);
        Assert.Equal(expected.Select(x => (x.Sample, x.Of)), found.Select(x => (x.Sample, x.Of)));
        Assert.All(expected.Zip(found), x => Assert.Equal(x.First.Distance, x.Second.Distance, 12));
        Assert.True(found.Count > 20, $"{found.Count} found");
        Assert.Equal(599, compared); // all but the feature of zeros
    }

    /// <summary>Pairs whose distance is the limit to the last bit of float32 are decided in float64.</summary>
    [Fact]
    public void The_limit_is_exact()
    {
        var values = Planted(80);
        var fine = new int[80];
        var all = NearDuplicates.Find(values, Dimension, fine, 1, 0.5).Where(x => x.Distance > 1e-9);
        foreach (var pair in all.Take(10))
        {
            Assert.Contains(NearDuplicates.Find(values, Dimension, fine, 1, pair.Distance), x => x.Sample == pair.Sample);
            Assert.DoesNotContain(NearDuplicates.Find(values, Dimension, fine, 1, Math.BitDecrement(pair.Distance)), x => x.Sample == pair.Sample && x.Of == pair.Of);
        }
    }

    /// <summary>a ~ b ~ c in a row, a and c apart: b is near to a and goes, c is compared with what stays.</summary>
    [Fact]
    public void Chains_do_not_grow()
    {
        float[] At(double angle) => [(float)Math.Cos(angle), (float)Math.Sin(angle)];
        var step = Math.Acos(1 - 0.04);
        float[] values = [.. At(0), .. At(step), .. At(2 * step), .. At(3 * step)];

        var found = NearDuplicates.Find(values, 2, [0, 0, 0, 0], 1, 0.05);

        Assert.Equal([(1, 0), (3, 2)], found.Select(x => (x.Sample, x.Of)));
    }

    [Fact]
    public void It_stops_when_asked()
        => Assert.Throws<OperationCanceledException>(() => NearDuplicates.Find(Planted(50), Dimension, new int[50], 1, 0.1, _ => throw new OperationCanceledException()));

    /// <summary>Every second sample is the one before, rescaled and shaken a little, more so the later it comes; sample 7 is zero.</summary>
    private static float[] Planted(int count)
    {
        var values = new float[count * Dimension];
        var noise = new float[values.Length];
        new PhiloxKey(5, RandomPurpose.Simulation).FillNormal(values);
        new PhiloxKey(6, RandomPurpose.Simulation).FillNormal(noise);
        for (var i = 1; i < count; i += 2)
        {
            for (var d = 0; d < Dimension; d++)
            {
                values[(i * Dimension) + d] = (values[((i - 1) * Dimension) + d] + (noise[(i * Dimension) + d] * i / count)) * (1 + (i % 5));
            }
        }

        values.AsSpan(7 * Dimension, Dimension).Clear();
        return values;
    }

    private static List<NearDuplicate> AllPairs(float[] values, int[] fine, double distance)
    {
        double Dot(int a, int b) => Enumerable.Range(0, Dimension).Sum(d => (double)values[(a * Dimension) + d] * values[(b * Dimension) + d]);
        var found = new List<NearDuplicate>();
        var kept = new List<int>();
        for (var i = 0; i < fine.Length; i++)
        {
            if (Dot(i, i) == 0)
            {
                continue;
            }

            var near = kept.Where(j => fine[j] == fine[i]).Select(j => new NearDuplicate(i, j, 1 - (Dot(i, j) / Math.Sqrt(Dot(i, i)) / Math.Sqrt(Dot(j, j)))))
                .Where(x => x.Distance <= distance).Take(1).ToList();
            found.AddRange(near);
            if (near.Count == 0)
            {
                kept.Add(i);
            }
        }

        return found;
    }
}
