using Paris.Core;
using Paris.Core.Random;

namespace Paris.Training.Clustering;

/// <summary>The clusters of a data set (paper section 2: fine k-means, fine clusters consolidated to K).</summary>
public sealed record TwoStageResult
{
    /// <summary>[F, D] centroids of the fine clusters.</summary>
    public required double[] FineCentroids { get; init; }

    /// <summary>Fine cluster of every point.</summary>
    public required int[] FineAssignments { get; init; }

    /// <summary>Points a fine cluster.</summary>
    public required int[] FineCounts { get; init; }

    /// <summary>[K, D] centroids of the clusters: count-weighted means of fine centroids.</summary>
    public required double[] Centroids { get; init; }

    /// <summary>Cluster of every fine cluster.</summary>
    public required int[] CoarseOfFine { get; init; }

    /// <summary>Cluster of every point: that of its fine cluster, unless the balance limit moved it.</summary>
    public required int[] Assignments { get; init; }

    public required double FineInertia { get; init; }

    public required double CoarseInertia { get; init; }

    /// <summary>Empty clusters that were given a point, in both stages.</summary>
    public int Repairs { get; init; }

    /// <summary>Points that the balance limit moved to another cluster.</summary>
    public int Moved { get; init; }
}

/// <summary>How a two-stage clustering runs.</summary>
public sealed record TwoStageOptions
{
    /// <summary>K.</summary>
    public required int Clusters { get; init; }

    /// <summary>F; K or more.</summary>
    public required int FineClusters { get; init; }

    public int Iterations { get; init; } = 12;

    /// <summary>Restarts of each stage.</summary>
    public int Restarts { get; init; } = 5;

    public bool Spherical { get; init; } = true;

    /// <summary>Largest allowed share of a cluster times K; 0 imposes none.</summary>
    public double BalanceLimit { get; init; }
}

/// <summary>Two-stage k-means: many fine clusters of the points, then K clusters of the fine centroids, weighted by their counts.</summary>
public static class TwoStageKMeans
{
    /// <summary>The first stage's name in reports.</summary>
    public const string FineStage = "fine";

    /// <summary>The second stage's name in reports.</summary>
    public const string CoarseStage = "coarse";

    /// <summary>Clusters the points.</summary>
    /// <param name="values">[N, D] row-major.</param>
    /// <param name="dimension">D.</param>
    /// <param name="options">Both stages.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="onRestart">Called after every restart with the stage's name, its number and its inertia.</param>
    /// <exception cref="ParisInputException">There are fewer points than clusters, fewer fine clusters than clusters, or the balance limit is below 1.</exception>
    public static TwoStageResult Fit(float[] values, int dimension, TwoStageOptions options, ulong seed, Action<string, int, double>? onRestart = null)
    {
        var points = new PointMatrix(values, dimension, options.Spherical);
        if (options.Clusters < 1 || options.Clusters > points.Count)
        {
            throw new ParisInputException($"clustering.clusters is {options.Clusters}, but there are {points.Count} samples; use 1 to {points.Count}.");
        }

        if (options.FineClusters < options.Clusters)
        {
            throw new ParisInputException($"clustering.fineClusters is {options.FineClusters}, fewer than the {options.Clusters} clusters to make of them.");
        }

        // Few samples carry few fine clusters; the spec's number is for full-sized data.
        var fineClusters = Math.Min(options.FineClusters, points.Count);
        var fine = KMeans.Fit(
            points,
            weights: null,
            new KMeansOptions { Clusters = fineClusters, Iterations = options.Iterations, Restarts = options.Restarts, Spherical = options.Spherical },
            new PhiloxKey(seed, RandomPurpose.Seeding),
            (restart, inertia) => onRestart?.Invoke(FineStage, restart, inertia));

        var counts = new int[fineClusters];
        foreach (var cluster in fine.Assignments)
        {
            counts[cluster]++;
        }

        var coarse = KMeans.Fit(
            new PointMatrix(fine.Centroids, dimension, options.Spherical),
            [.. counts.Select(count => (double)count)],
            new KMeansOptions { Clusters = options.Clusters, Iterations = options.Iterations, Restarts = options.Restarts, Spherical = options.Spherical },
            new PhiloxKey(seed, RandomPurpose.Seeding, expert: 0),
            (restart, inertia) => onRestart?.Invoke(CoarseStage, restart, inertia));

        var assignments = new int[points.Count];
        for (var i = 0; i < assignments.Length; i++)
        {
            assignments[i] = coarse.Assignments[fine.Assignments[i]];
        }

        var moved = options.BalanceLimit > 0
            ? Balance.Impose(points, assignments, coarse.Centroids, options.Clusters, options.BalanceLimit, options.Spherical)
            : 0;

        return new TwoStageResult
        {
            FineCentroids = fine.Centroids,
            FineAssignments = fine.Assignments,
            FineCounts = counts,
            Centroids = coarse.Centroids,
            CoarseOfFine = coarse.Assignments,
            Assignments = assignments,
            FineInertia = fine.Inertia,
            CoarseInertia = coarse.Inertia,
            Repairs = fine.Repairs + coarse.Repairs,
            Moved = moved,
        };
    }
}
