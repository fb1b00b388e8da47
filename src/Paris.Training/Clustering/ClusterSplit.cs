using Paris.Core;
using Paris.Core.Random;
using Paris.Core.Specs;

namespace Paris.Training.Clustering;

/// <summary>Splits a cluster in two by 2-means on its features.</summary>
public static class ClusterSplit
{
    /// <summary>Which samples leave the cluster: the smaller half; of equal halves the one without the first sample.</summary>
    /// <param name="features">[N, D] row-major.</param>
    /// <param name="spec">Dimension of the features, iterations, restarts, spherical or not.</param>
    /// <param name="seed">Equal seeds make equal halves.</param>
    /// <param name="dimension">D.</param>
    /// <exception cref="ParisInputException">There are fewer than two samples.</exception>
    public static bool[] Leaving(float[] features, int dimension, ClusteringSpec spec, ulong seed)
    {
        var options = new KMeansOptions { Clusters = 2, Iterations = spec.Iterations, Restarts = spec.Restarts, Spherical = spec.Spherical };
        var halves = KMeans.Fit(new PointMatrix(features, dimension, spec.Spherical), null, options, new PhiloxKey(seed, RandomPurpose.Seeding)).Assignments;
        var second = halves.Count(half => half == 1);
        var staying = 2 * second == halves.Length ? halves[0] : 2 * second > halves.Length ? 1 : 0;
        return [.. halves.Select(half => half != staying)];
    }
}
