using Paris.Core;
using Paris.Core.Random;
using Paris.Training.Clustering;
using Xunit;

namespace Paris.Training.Tests.Clustering;

public sealed class KMeansTests
{
    private static readonly PhiloxKey Key = new(7, RandomPurpose.Seeding);

    [Fact]
    public void Golden_numbers_hold()
    {
        var rows = KMeansVerification.Verify(Path.Combine(Fixtures.Folder, "statistics"));

        Assert.Equal(42, rows.Count);
        Assert.All(rows, row => Assert.True(row.Pass, row.ToString()));
    }

    [Fact]
    public void Ties_go_to_the_lowest_index()
    {
        // The point 0 lies exactly between the centroids −1 and 1; the centroid 1 occurs twice.
        var points = new PointMatrix([0f, 2f], dimension: 1, normalise: false);

        var (assignments, distances, inertia) = KMeans.Assign(points, null, [-1, 1, 1], spherical: false);

        Assert.Equal([0, 1], assignments);
        Assert.Equal([1.0, 1.0], distances);
        Assert.Equal(2, inertia);
    }

    [Fact]
    public void Near_ties_are_decided_in_double_precision()
    {
        // Far from the origin float32 cannot tell these centroids apart: both scores round to the same number.
        var points = new PointMatrix([10_000f, 10_000f, 10_000f, 10_001f], dimension: 2, normalise: false);
        double[] centroids = [10_000.0001, 10_000, 10_000.00005, 10_000, 10_000, 10_001.0001, 10_000, 10_001];

        var (assignments, _, _) = KMeans.Assign(points, null, centroids, spherical: false);

        Assert.Equal([1, 3], assignments);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Assignment_by_blocks_equals_plain_loops(bool spherical)
    {
        const int count = 1500, dimension = 13, clusters = 300;
        var points = new PointMatrix(Normals(count * dimension, 1), dimension, spherical);
        var centroids = Array.ConvertAll(Normals(clusters * dimension, 2), value => (double)value);
        if (spherical)
        {
            KMeans.Normalise(centroids, dimension);
        }

        var (assignments, distances, _) = KMeans.Assign(points, null, centroids, spherical);

        var row = new double[dimension];
        for (var i = 0; i < count; i++)
        {
            points.CopyRow(i, row);
            var all = Enumerable.Range(0, clusters).Select(k => KMeans.Distance(row, centroids.AsSpan(k * dimension, dimension), spherical)).ToArray();
            Assert.Equal(Array.IndexOf(all, all.Min()), assignments[i]);
            Assert.Equal(all.Min(), distances[i], 1e-12);
        }
    }

    [Fact]
    public void An_empty_cluster_takes_the_farthest_point()
    {
        // The third centroid is far from everything; the point 9 is the farthest from its own centroid.
        var points = new PointMatrix([0f, 1f, 2f, 9f], dimension: 1, normalise: false);

        var result = KMeans.Iterate(points, null, [0.5, 3, 1000], clusters: 3, iterations: 1, spherical: false);

        Assert.Equal(1, result.Repairs);
        Assert.Equal([0, 0, 1, 2], result.Assignments);
        Assert.Equal([0.5, 2, 9], result.Centroids);
    }

    [Fact]
    public void Every_cluster_of_a_fit_has_a_point_even_when_points_repeat()
    {
        var points = new PointMatrix([1f, 1f, 1f, 1f, 5f], dimension: 1, normalise: false);

        var result = KMeans.Fit(points, null, new KMeansOptions { Clusters = 4, Iterations = 5 }, Key);

        Assert.Equal([0, 1, 2, 3], result.Assignments.Distinct().Order());
        Assert.Equal(0, result.Inertia);
    }

    [Fact]
    public void A_weight_counts_like_repeated_points()
    {
        float[] values = [0f, 1f, 4f, 6f, 7f];
        var weighted = KMeans.Iterate(new PointMatrix(values, 1, false), [3, 1, 1, 1, 2], [0, 6], 2, 10, spherical: false);
        var repeated = KMeans.Iterate(new PointMatrix([0f, 0f, 0f, 1f, 4f, 6f, 7f, 7f], 1, false), null, [0, 6], 2, 10, spherical: false);

        Assert.Equal(repeated.Centroids, weighted.Centroids);
        Assert.Equal(repeated.Inertia, weighted.Inertia, 1e-12);
    }

    [Fact]
    public void Separate_blobs_are_found()
    {
        var (values, truth) = Blobs(clusters: 5, perCluster: 40, dimension: 6, seed: 3);

        var result = KMeans.Fit(new PointMatrix(values, 6, false), null, new KMeansOptions { Clusters = 5, Iterations = 20, Restarts = 3 }, Key);

        // Same cluster for points of the same blob, different ones otherwise.
        Assert.Equal(5, truth.Zip(result.Assignments).Distinct().Count());
    }

    [Fact]
    public void Equal_seeds_give_equal_clusters_and_restarts_never_hurt()
    {
        var points = new PointMatrix(Normals(400 * 8, 5), 8, normalise: true);
        var options = new KMeansOptions { Clusters = 12, Iterations = 6, Restarts = 1, Spherical = true };

        var once = KMeans.Fit(points, null, options, Key);
        var again = KMeans.Fit(points, null, options, Key);
        var inertias = new List<double>();
        var best = KMeans.Fit(points, null, options with { Restarts = 6 }, Key, (_, inertia) => inertias.Add(inertia));

        Assert.Equal(once.Centroids, again.Centroids);
        Assert.Equal(once.Assignments, again.Assignments);
        Assert.Equal(6, inertias.Count);
        Assert.Equal(once.Inertia, inertias[0]);
        Assert.Equal(inertias.Min(), best.Inertia);
        Assert.True(inertias.Distinct().Count() > 1, "Restarts must differ.");
    }

    [Fact]
    public void More_clusters_than_points_is_bad_input()
    {
        var points = new PointMatrix([1f, 2f, 3f], 1, false);

        var error = Assert.Throws<ParisInputException>(() => KMeans.Fit(points, null, new KMeansOptions { Clusters = 4 }, Key));

        Assert.Contains("4 clusters", error.Message, StringComparison.Ordinal);
        Assert.Contains("3 points", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_is_not_finite_is_refused()
        => Assert.Throws<ArgumentException>(() => new PointMatrix([1f, float.NaN], 1, false));

    internal static float[] Normals(int count, ulong seed)
    {
        var values = new float[count];
        new PhiloxKey(seed, RandomPurpose.Simulation).FillNormal(values);
        return values;
    }

    internal static (float[] Values, int[] Truth) Blobs(int clusters, int perCluster, int dimension, ulong seed)
    {
        var centres = Normals(clusters * dimension, seed);
        var noise = Normals(clusters * perCluster * dimension, seed + 1);
        var truth = new int[clusters * perCluster];
        for (var i = 0; i < truth.Length; i++)
        {
            truth[i] = i % clusters;
            for (var d = 0; d < dimension; d++)
            {
                noise[(i * dimension) + d] = (20 * centres[(truth[i] * dimension) + d]) + (0.1f * noise[(i * dimension) + d]);
            }
        }

        return (noise, truth);
    }
}
