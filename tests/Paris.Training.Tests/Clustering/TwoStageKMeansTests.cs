using Paris.Core;
using Paris.Training.Clustering;
using Xunit;

namespace Paris.Training.Tests.Clustering;

public sealed class TwoStageKMeansTests
{
    private static readonly TwoStageOptions Options = new() { Clusters = 4, FineClusters = 24, Iterations = 8, Restarts = 2 };

    [Fact]
    public void A_sample_gets_the_cluster_of_its_fine_cluster()
    {
        var values = KMeansTests.Normals(600 * 10, 11);

        var result = TwoStageKMeans.Fit(values, 10, Options, seed: 5);

        Assert.Equal(600, result.Assignments.Length);
        Assert.Equal(24, result.FineCounts.Length);
        Assert.Equal(600, result.FineCounts.Sum());
        Assert.All(result.FineCounts, count => Assert.True(count > 0));
        Assert.Equal([0, 1, 2, 3], result.Assignments.Distinct().Order());
        for (var i = 0; i < 600; i++)
        {
            Assert.Equal(result.CoarseOfFine[result.FineAssignments[i]], result.Assignments[i]);
        }

        // Spherical: centroids have unit length.
        for (var k = 0; k < 4; k++)
        {
            Assert.Equal(1, result.Centroids.AsSpan(k * 10, 10).ToArray().Sum(value => value * value), 1e-12);
        }
    }

    [Fact]
    public void Equal_seeds_give_equal_results_and_other_seeds_others()
    {
        var values = KMeansTests.Normals(500 * 6, 12);

        var first = TwoStageKMeans.Fit(values, 6, Options, seed: 5);
        var second = TwoStageKMeans.Fit(values, 6, Options, seed: 5);
        var other = TwoStageKMeans.Fit(values, 6, Options, seed: 6);

        Assert.Equal(first.Assignments, second.Assignments);
        Assert.Equal(first.FineCentroids, second.FineCentroids);
        Assert.Equal(first.Centroids, second.Centroids);
        Assert.NotEqual(first.FineCentroids, other.FineCentroids);
    }

    [Fact]
    public void Few_samples_make_few_fine_clusters()
    {
        var result = TwoStageKMeans.Fit(KMeansTests.Normals(9 * 3, 1), 3, Options, seed: 1);

        Assert.Equal(9, result.FineCounts.Length);
        Assert.Equal([0, 1, 2, 3], result.Assignments.Distinct().Order());
    }

    [Theory]
    [InlineData(1.0, 150)]
    [InlineData(1.2, 180)]
    [InlineData(3.9, 585)]
    public void The_balance_limit_holds_and_moves_no_more_than_it_must(double limit, int capacity)
    {
        // Nine of ten points are in one blob.
        var values = KMeansTests.Normals(600 * 5, 13);
        for (var i = 0; i < 540; i++)
        {
            values[i * 5] += 30;
        }

        var free = TwoStageKMeans.Fit(values, 5, Options, seed: 5);
        var bound = TwoStageKMeans.Fit(values, 5, Options with { BalanceLimit = limit }, seed: 5);

        var freeSizes = Sizes(free.Assignments);
        var sizes = Sizes(bound.Assignments);
        Assert.True(sizes.Max() <= capacity, $"The largest of {string.Join(", ", sizes)} is above {capacity}.");
        Assert.Equal(freeSizes.Sum(size => Math.Max(0, size - capacity)), bound.Moved);
        Assert.Equal(bound.Moved, free.Assignments.Zip(bound.Assignments).Count(pair => pair.First != pair.Second));
    }

    [Fact]
    public void Bad_options_are_named()
    {
        var values = KMeansTests.Normals(10 * 2, 1);

        var few = Assert.Throws<ParisInputException>(() => TwoStageKMeans.Fit(values, 2, Options with { Clusters = 11 }, seed: 1));
        var fine = Assert.Throws<ParisInputException>(() => TwoStageKMeans.Fit(values, 2, Options with { FineClusters = 3 }, seed: 1));
        var limit = Assert.Throws<ParisInputException>(() => TwoStageKMeans.Fit(values, 2, Options with { BalanceLimit = 0.5 }, seed: 1));

        Assert.Contains("clustering.clusters is 11, but there are 10 samples", few.Message, StringComparison.Ordinal);
        Assert.Contains("clustering.fineClusters is 3", fine.Message, StringComparison.Ordinal);
        Assert.Contains("clustering.balanceLimit is 0.5", limit.Message, StringComparison.Ordinal);
    }

    private static int[] Sizes(int[] assignments) => [.. Enumerable.Range(0, 4).Select(k => assignments.Count(cluster => cluster == k))];
}
