using Paris.Core.Random;
using Paris.Training.Data;

namespace Paris.Training.Clustering;

/// <summary>
/// One picture of 8×8 samples a cluster: in the upper half those nearest to the centroid, nearest first, in the lower half random others.
/// </summary>
public static class ContactSheets
{
    private const int Side = 8;
    private const int NearestCount = Side * Side / 2;

    /// <summary>Chooses the samples of every sheet.</summary>
    /// <param name="assignments">Cluster of every sample; −1 for those in none.</param>
    /// <param name="distances">Every sample's distance to its cluster's centroid.</param>
    /// <param name="clusters">K.</param>
    /// <param name="seed">The run's seed.</param>
    /// <returns>A cluster: at most 64 sample numbers, in the order of the sheet.</returns>
    public static int[][] Choose(ReadOnlySpan<int> assignments, ReadOnlySpan<double> distances, int clusters, ulong seed)
    {
        var members = Enumerable.Range(0, clusters).Select(_ => new List<int>()).ToArray();
        for (var i = 0; i < assignments.Length; i++)
        {
            if (assignments[i] >= 0)
            {
                members[assignments[i]].Add(i);
            }
        }

        var values = distances.ToArray();
        return [.. members.Select((samples, cluster) =>
        {
            var nearest = samples.OrderBy(i => values[i]).ThenBy(i => i).ToArray();
            var others = nearest.AsSpan(Math.Min(NearestCount, nearest.Length)).ToArray();
            var order = new KeyedPermutation(new PhiloxKey(seed, RandomPurpose.Features, cluster), others.Length);
            return nearest.Take(NearestCount)
                .Concat(Enumerable.Range(0, Math.Min((Side * Side) - NearestCount, others.Length)).Select(i => others[order[i]]))
                .ToArray();
        })];
    }

    /// <summary>
    /// Chooses the pairs of a sheet of near-duplicates: at most 32 from the nearest to the farthest, each the sample that is kept and beside it
    /// its near-duplicate.
    /// </summary>
    public static int[] ChoosePairs(IReadOnlyList<NearDuplicate> found)
    {
        const int Most = Side * Side / 2;
        var sorted = found.OrderBy(x => x.Distance).ThenBy(x => x.Sample).ToArray();
        return
        [
            .. Enumerable.Range(0, Math.Min(Most, sorted.Length))
                .Select(i => sorted[sorted.Length <= Most ? i : (int)((long)i * (sorted.Length - 1) / (Most - 1))])
                .SelectMany(x => new[] { x.Of, x.Sample }),
        ];
    }

    /// <summary>Draws the sheets in one pass over the pixel shards, which come in the order the samples are numbered.</summary>
    public static ImageGrid[] Draw(int[][] chosen, IReadOnlyList<int> shape, IEnumerable<Shard> shards)
    {
        var grids = chosen.Select(_ => new ImageGrid(Side, Side, shape[0], shape[1], shape[2], scale: Math.Max(1, 64 / shape[2]))).ToArray();
        var places = new Dictionary<int, List<(int Cluster, int Cell)>>();
        for (var cluster = 0; cluster < chosen.Length; cluster++)
        {
            for (var cell = 0; cell < chosen[cluster].Length; cell++)
            {
                var sample = chosen[cluster][cell];
                if (!places.TryGetValue(sample, out var cells))
                {
                    places[sample] = cells = [];
                }

                cells.Add((cluster, cell));
            }
        }

        var number = 0;
        foreach (var shard in shards)
        {
            for (var i = 0; i < shard.Count; i++, number++)
            {
                foreach (var (cluster, cell) in places.GetValueOrDefault(number) ?? [])
                {
                    grids[cluster].Place(cell, shard.PixelsOf(i));
                }
            }
        }

        return grids;
    }
}
