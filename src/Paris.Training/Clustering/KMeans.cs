using Paris.Core;
using Paris.Core.Random;

namespace Paris.Training.Clustering;

/// <summary>
/// Lloyd's k-means, Euclidean or spherical, over weighted points. One iteration assigns every point to its nearest centroid (lowest
/// index on ties), gives every empty cluster the point farthest from its centroid, and makes every centroid the weighted mean of its
/// points (spherical: of unit points, divided by its length). Sums and decisions are those of float64, so equal points and seeds give
/// equal clusters on every machine. Reference numbers: <c>fixtures/statistics</c>.
/// </summary>
public static class KMeans
{
    // Points a cluster from which k-means++ draws its seeds; more only cost time.
    private const int SeedingPointsPerCluster = 64;

    /// <summary>Seeds with k-means++, iterates, and keeps the best of the restarts; every cluster has at least one point.</summary>
    /// <param name="points">Normalised when <see cref="KMeansOptions.Spherical"/>.</param>
    /// <param name="weights">Weight of every point, or null for 1 each.</param>
    /// <param name="options">K, iterations, restarts.</param>
    /// <param name="key">Random numbers of the seeding; restart r reads sample r of step 0 and orders the points by step r + 1.</param>
    /// <param name="onRestart">Called after every restart with its number and inertia.</param>
    /// <exception cref="ParisInputException">There are fewer points than clusters.</exception>
    public static KMeansResult Fit(PointMatrix points, double[]? weights, KMeansOptions options, PhiloxKey key, Action<int, double>? onRestart = null)
    {
        if (options.Clusters < 1 || options.Clusters > points.Count)
        {
            throw new ParisInputException($"{options.Clusters} clusters cannot be made of {points.Count} points; ask for 1 to {points.Count}.");
        }

        KMeansResult? best = null;
        for (var restart = 0; restart < Math.Max(1, options.Restarts); restart++)
        {
            var initial = Seed(points, weights, options.Clusters, key, restart);
            var run = Iterate(points, weights, initial, options.Clusters, options.Iterations, options.Spherical);
            var final = Settle(points, weights, run, options);
            onRestart?.Invoke(restart, final.Inertia);
            if (best is null || final.Inertia < best.Inertia)
            {
                best = final;
            }
        }

        return best!;
    }

    /// <summary>
    /// Runs <paramref name="iterations"/> iterations from given centroids. The result holds the centroids after the last update and the
    /// assignments and inertia from before it.
    /// </summary>
    public static KMeansResult Iterate(PointMatrix points, double[]? weights, ReadOnlySpan<double> initial, int clusters, int iterations, bool spherical)
    {
        var dimension = points.Dimension;
        var centroids = initial.ToArray();
        if (centroids.Length != clusters * dimension)
        {
            throw new ArgumentException($"{clusters} centroids of {dimension} dimensions are {clusters * dimension} numbers, not {centroids.Length}.", nameof(initial));
        }

        if (spherical)
        {
            Normalise(centroids, dimension);
        }

        var nearest = new NearestCentroid(points, spherical);
        var assignments = new int[points.Count];
        var previous = new int[points.Count];
        var distances = new double[points.Count];
        var repairs = 0;
        for (var iteration = 0; iteration < iterations; iteration++)
        {
            nearest.Assign(centroids, assignments, distances);
            var repaired = RepairEmpty(assignments, distances, weights, clusters, onMove: null);
            repairs += repaired;
            Update(points, weights, assignments, centroids, spherical);
            if (iteration > 0 && repaired == 0 && assignments.AsSpan().SequenceEqual(previous))
            {
                break; // a fixed point: further iterations change nothing
            }

            assignments.CopyTo(previous, 0);
        }

        return new KMeansResult(centroids, assignments, Sum(distances, weights), repairs);
    }

    /// <summary>Every point's nearest centroid (lowest index on ties), its squared distance (spherical: 1 − cosine), and their weighted sum.</summary>
    public static (int[] Assignments, double[] Distances, double Inertia) Assign(PointMatrix points, double[]? weights, ReadOnlySpan<double> centroids, bool spherical)
    {
        var nearest = new NearestCentroid(points, spherical);
        var assignments = new int[points.Count];
        var distances = new double[points.Count];
        nearest.Assign(centroids, assignments, distances);
        return (assignments, distances, Sum(distances, weights));
    }

    /// <summary>Inertia of given assignments to given centroids.</summary>
    public static double Inertia(PointMatrix points, double[]? weights, ReadOnlySpan<int> assignments, ReadOnlySpan<double> centroids, bool spherical)
    {
        var row = new double[points.Dimension];
        var sum = 0.0;
        for (var i = 0; i < assignments.Length; i++)
        {
            points.CopyRow(i, row);
            var distance = Distance(row, centroids.Slice(assignments[i] * row.Length, row.Length), spherical);
            sum += distance * (weights is null ? 1 : weights[i]);
        }

        return sum;
    }

    /// <summary>Squared Euclidean distance, or 1 − dot product of unit vectors.</summary>
    internal static double Distance(ReadOnlySpan<double> x, ReadOnlySpan<double> y, bool spherical)
    {
        var sum = 0.0;
        if (spherical)
        {
            for (var d = 0; d < x.Length; d++)
            {
                sum += x[d] * y[d];
            }

            return 1 - sum;
        }

        for (var d = 0; d < x.Length; d++)
        {
            var difference = x[d] - y[d];
            sum += difference * difference;
        }

        return sum;
    }

    /// <summary>Divides every row by its length; rows of length 0 stay.</summary>
    internal static void Normalise(Span<double> rows, int dimension)
    {
        for (var first = 0; first < rows.Length; first += dimension)
        {
            var row = rows.Slice(first, dimension);
            var sum = 0.0;
            foreach (var value in row)
            {
                sum += value * value;
            }

            if (sum > 0)
            {
                var length = Math.Sqrt(sum);
                for (var d = 0; d < row.Length; d++)
                {
                    row[d] /= length;
                }
            }
        }
    }

    /// <summary>
    /// k-means++ (Arthur and Vassilvitskii, 2007): each seed is a point drawn with a probability proportional to its weight times its
    /// squared distance to the nearest seed so far (spherical points have unit length, so the same distance serves: |x − y|² = 2 − 2cos).
    /// </summary>
    private static double[] Seed(PointMatrix points, double[]? weights, int clusters, PhiloxKey key, int restart)
    {
        var dimension = points.Dimension;
        var count = Math.Min(points.Count, SeedingPointsPerCluster * (long)clusters);
        var order = new KeyedPermutation(key.AtStep(restart + 1), points.Count);
        var subset = new int[count];
        for (var i = 0; i < subset.Length; i++)
        {
            subset[i] = count == points.Count ? i : (int)order[i];
        }

        var rows = new double[subset.Length * dimension];
        var chance = new double[subset.Length];
        for (var i = 0; i < subset.Length; i++)
        {
            points.CopyRow(subset[i], rows.AsSpan(i * dimension, dimension));
            chance[i] = weights is null ? 1 : weights[subset[i]];
        }

        var random = key.AtStep(0).ForSample(restart).Stream();
        var squared = new double[subset.Length];
        squared.AsSpan().Fill(double.PositiveInfinity);
        var taken = new bool[subset.Length];
        var seeds = new double[clusters * dimension];
        for (var k = 0; k < clusters; k++)
        {
            var chosen = chance.Any(value => value > 0) ? random.NextIndex(chance) : Array.IndexOf(taken, false);
            taken[chosen] = true;
            var seed = rows.AsSpan(chosen * dimension, dimension);
            seed.CopyTo(seeds.AsSpan(k * dimension));
            for (var i = 0; i < subset.Length; i++)
            {
                squared[i] = Math.Min(squared[i], SquaredDistance(rows.AsSpan(i * dimension, dimension), seed));
                chance[i] = taken[i] ? 0 : squared[i] * (weights is null ? 1 : weights[subset[i]]);
            }
        }

        return seeds;
    }

    // The last assignment of a fit: after the last update a cluster may have lost its points again; it becomes the point it is given.
    private static KMeansResult Settle(PointMatrix points, double[]? weights, KMeansResult run, KMeansOptions options)
    {
        var (assignments, distances, _) = Assign(points, weights, run.Centroids, options.Spherical);
        var repaired = RepairEmpty(assignments, distances, weights, options.Clusters, onMove: (point, cluster)
            => points.CopyRow(point, run.Centroids.AsSpan(cluster * points.Dimension, points.Dimension)));
        return run with { Assignments = assignments, Inertia = Sum(distances, weights), Repairs = run.Repairs + repaired };
    }

    private static int RepairEmpty(int[] assignments, double[] distances, double[]? weights, int clusters, Action<int, int>? onMove)
    {
        var members = new int[clusters];
        for (var i = 0; i < assignments.Length; i++)
        {
            if (weights is null || weights[i] > 0)
            {
                members[assignments[i]]++;
            }
        }

        var repaired = 0;
        for (var cluster = 0; cluster < clusters; cluster++)
        {
            if (members[cluster] > 0)
            {
                continue;
            }

            var farthest = -1;
            for (var i = 0; i < assignments.Length; i++)
            {
                if (members[assignments[i]] > 1 && (weights is null || weights[i] > 0) && (farthest < 0 || distances[i] > distances[farthest]))
                {
                    farthest = i;
                }
            }

            if (farthest < 0)
            {
                break; // fewer points of positive weight than clusters
            }

            members[assignments[farthest]]--;
            members[cluster]++;
            assignments[farthest] = cluster;
            distances[farthest] = 0;
            onMove?.Invoke(farthest, cluster);
            repaired++;
        }

        return repaired;
    }

    private static void Update(PointMatrix points, double[]? weights, int[] assignments, double[] centroids, bool spherical)
    {
        var dimension = points.Dimension;
        var sums = new double[centroids.Length];
        var totals = new double[centroids.Length / dimension];
        var row = new double[dimension];
        for (var i = 0; i < assignments.Length; i++)
        {
            var weight = weights is null ? 1 : weights[i];
            points.CopyRow(i, row);
            totals[assignments[i]] += weight;
            var sum = sums.AsSpan(assignments[i] * dimension, dimension);
            for (var d = 0; d < row.Length; d++)
            {
                sum[d] += weight * row[d];
            }
        }

        for (var k = 0; k < totals.Length; k++)
        {
            var sum = sums.AsSpan(k * dimension, dimension);
            if (totals[k] <= 0 || !sum.ContainsAnyExcept(0))
            {
                continue; // nothing to average: the centroid stays
            }

            for (var d = 0; d < dimension; d++)
            {
                centroids[(k * dimension) + d] = sum[d] / totals[k];
            }
        }

        if (spherical)
        {
            Normalise(centroids, dimension);
        }
    }

    // Four sums in a fixed order: the same bits whatever the width of the machine's vectors.
    private static double SquaredDistance(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sums = System.Runtime.Intrinsics.Vector256<double>.Zero;
        var d = 0;
        for (; d <= x.Length - 4; d += 4)
        {
            var difference = System.Runtime.Intrinsics.Vector256.Create(x[d..]) - System.Runtime.Intrinsics.Vector256.Create(y[d..]);
            sums += difference * difference;
        }

        var sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        for (; d < x.Length; d++)
        {
            sum += (x[d] - y[d]) * (x[d] - y[d]);
        }

        return sum;
    }

    private static double Sum(double[] distances, double[]? weights)
    {
        var sum = 0.0;
        for (var i = 0; i < distances.Length; i++)
        {
            sum += distances[i] * (weights is null ? 1 : weights[i]);
        }

        return sum;
    }
}
