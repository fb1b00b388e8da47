namespace Paris.Training.Clustering;

/// <summary>How one k-means runs.</summary>
public sealed record KMeansOptions
{
    /// <summary>K.</summary>
    public required int Clusters { get; init; }

    /// <summary>Rounds of assign and update; fewer when nothing moves any more.</summary>
    public int Iterations { get; init; } = 12;

    /// <summary>Seedings tried; the one with the least inertia wins.</summary>
    public int Restarts { get; init; } = 1;

    /// <summary>Unit-length points and centroids, cosine similarity; otherwise squared Euclidean distance.</summary>
    public bool Spherical { get; init; }
}

/// <summary>Where a k-means stands.</summary>
/// <param name="Centroids">[K, D] row-major.</param>
/// <param name="Assignments">Cluster of every point.</param>
/// <param name="Inertia">Weighted sum over the points of the squared distance (spherical: 1 − cosine) to their centroid.</param>
/// <param name="Repairs">Empty clusters that were given a point.</param>
public sealed record KMeansResult(double[] Centroids, int[] Assignments, double Inertia, int Repairs);
