using Paris.Core;

namespace Paris.Training.Clustering;

/// <summary>
/// The optional balance limit: no cluster holds more than <c>limit/K</c> of the points. From every cluster that is too large, the points
/// that lose least by it move to the nearest cluster with room; nothing else changes.
/// </summary>
public static class Balance
{
    /// <summary>Moves points between clusters until the limit holds.</summary>
    /// <param name="points">The clustered points.</param>
    /// <param name="assignments">Cluster of every point, changed in place.</param>
    /// <param name="centroids">[K, D].</param>
    /// <param name="clusters">K.</param>
    /// <param name="limit">Largest allowed share times K, at least 1.</param>
    /// <param name="spherical">Which distance counts.</param>
    /// <returns>How many points moved.</returns>
    /// <exception cref="ParisInputException">The limit is below 1.</exception>
    public static int Impose(PointMatrix points, int[] assignments, double[] centroids, int clusters, double limit, bool spherical)
    {
        if (!(limit >= 1))
        {
            throw new ParisInputException($"clustering.balanceLimit is {limit}; use 1 (equal clusters) or more, or 0 for no limit.");
        }

        var sizes = new int[clusters];
        foreach (var cluster in assignments)
        {
            sizes[cluster]++;
        }

        // Rounded up, so that K clusters of this size hold every point.
        var capacity = Math.Max((int)Math.Floor(limit * points.Count / clusters), (points.Count + clusters - 1) / clusters);
        var dimension = points.Dimension;
        var row = new double[dimension];
        var moved = 0;
        foreach (var crowded in Enumerable.Range(0, clusters).Where(k => sizes[k] > capacity).OrderByDescending(k => sizes[k]).ThenBy(k => k).ToArray())
        {
            // What a point loses by each cluster that has room.
            var open = Enumerable.Range(0, clusters).Where(k => k != crowded && sizes[k] < capacity).ToArray();
            var offers = new List<(double Loss, int Point, int Cluster)>();
            for (var i = 0; i < assignments.Length; i++)
            {
                if (assignments[i] != crowded)
                {
                    continue;
                }

                points.CopyRow(i, row);
                var own = KMeans.Distance(row, centroids.AsSpan(crowded * dimension, dimension), spherical);
                foreach (var other in open)
                {
                    offers.Add((KMeans.Distance(row, centroids.AsSpan(other * dimension, dimension), spherical) - own, i, other));
                }
            }

            offers.Sort();
            foreach (var (_, point, cluster) in offers)
            {
                if (sizes[crowded] <= capacity)
                {
                    break;
                }

                if (assignments[point] == crowded && sizes[cluster] < capacity)
                {
                    assignments[point] = cluster;
                    sizes[crowded]--;
                    sizes[cluster]++;
                    moved++;
                }
            }
        }

        return moved;
    }
}
