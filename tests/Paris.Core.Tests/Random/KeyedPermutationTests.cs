using Paris.Core.Random;
using Xunit;

namespace Paris.Core.Tests.Random;

public sealed class KeyedPermutationTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(17)]
    [InlineData(1000)]
    [InlineData(4097)]
    [InlineData(20_011)]
    public void IsABijection(int count)
    {
        var permutation = new KeyedPermutation(new PhiloxKey(1, RandomPurpose.Order, 3, 4), count);
        var seen = new bool[count];
        for (var i = 0; i < count; i++)
        {
            var image = permutation[i];
            Assert.InRange(image, 0, count - 1);
            Assert.False(seen[image]);
            seen[image] = true;
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => permutation[count]);
        Assert.Throws<ArgumentOutOfRangeException>(() => permutation[-1]);
    }

    [Fact]
    public void LargeDomainsNeedNoTable()
    {
        const long Count = 10_000_000_019;
        var permutation = new KeyedPermutation(new PhiloxKey(1, RandomPurpose.Order), Count);
        var images = Enumerable.Range(0, 1000).Select(i => permutation[i * 10_000_000L]).ToHashSet();
        Assert.Equal(1000, images.Count);
        Assert.All(images, image => Assert.InRange(image, 0, Count - 1));
        Assert.InRange(images.Average(), 0.45 * Count, 0.55 * Count);
    }

    /// <summary>Over many keys every element goes to every place equally often, and so does every pair of neighbours (chi-square within five deviations).</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(12)]
    public void PlacesAreUniformOverKeys(int count)
    {
        const int Keys = 12_000;
        var single = new int[count, count];
        var pairs = new int[count * count];
        for (var pass = 0; pass < Keys; pass++)
        {
            var permutation = new KeyedPermutation(new PhiloxKey(2, RandomPurpose.Order, 0, pass), count);
            for (var i = 0; i < count; i++)
            {
                single[i, permutation[i]]++;
            }

            pairs[(permutation[0] * count) + permutation[1]]++;
        }

        var expected = Keys / (double)count;
        var chi = single.Cast<int>().Sum(n => (n - expected) * (n - expected) / expected);
        var freedom = (count - 1) * (count - 1);
        Assert.InRange(chi, 0, freedom + (5 * Math.Sqrt(2.0 * freedom)));

        var expectedPair = Keys / (double)(count * (count - 1));
        var chiPair = pairs.Where((_, i) => i / count != i % count).Sum(n => (n - expectedPair) * (n - expectedPair) / expectedPair);
        var freedomPair = (count * (count - 1)) - 1;
        Assert.InRange(chiPair, 0, freedomPair + (5 * Math.Sqrt(2.0 * freedomPair)));
    }

    /// <summary>A permutation without structure has about one fixed point and no correlation with the identity.</summary>
    [Fact]
    public void LooksShuffled()
    {
        const int Count = 5000;
        var permutation = new KeyedPermutation(new PhiloxKey(3, RandomPurpose.Order, 1), Count);
        var images = Enumerable.Range(0, Count).Select(i => (double)permutation[i]).ToArray();
        Assert.InRange(images.Where((image, i) => image == i).Count(), 0, 6);
        var mean = (Count - 1) / 2.0;
        var correlation = images.Select((image, i) => (image - mean) * (i - mean)).Sum() / images.Sum(image => (image - mean) * (image - mean));
        Assert.InRange(correlation, -5 / Math.Sqrt(Count), 5 / Math.Sqrt(Count));
        var neighbours = Enumerable.Range(0, Count - 1).Count(i => images[i + 1] - images[i] == 1);
        Assert.InRange(neighbours, 0, 7);
    }
}
