using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Paris.Training.Clustering;

/// <summary>A sample whose feature nearly equals that of an earlier one.</summary>
/// <param name="Sample">Its number.</param>
/// <param name="Of">The number of the earlier one, which is kept: the first that is near enough.</param>
/// <param name="Distance">1 − cos of the two features.</param>
public readonly record struct NearDuplicate(int Sample, int Of, double Distance);

/// <summary>
/// Samples whose features point nearly the same way. Pairs are looked for within each fine cluster, because all pairs of millions of
/// samples are out of reach (SemDeDup, Abbas et al. 2023); what k-means put apart is not found. A sample is compared with the kept ones
/// before it, so chains do not grow: every dropped sample is near to one that stays. Scores come from float32 matrix products, what is
/// close to the limit is measured again in float64: the answer does not depend on the machine.
/// </summary>
public static class NearDuplicates
{
    // Scores of one block of rows: 16 MB.
    private const int ScoresPerBlock = 1 << 22;

    /// <summary>Finds them, in the order of their numbers.</summary>
    /// <param name="values">[N, D] features of any length; a feature of zeros is near to none.</param>
    /// <param name="dimension">D.</param>
    /// <param name="fine">[N] fine cluster of every sample.</param>
    /// <param name="clusters">F.</param>
    /// <param name="distance">Largest 1 − cos of near-duplicates, above 0.</param>
    /// <param name="progress">Called with the samples compared so far; may throw to stop.</param>
    public static IReadOnlyList<NearDuplicate> Find(float[] values, int dimension, ReadOnlySpan<int> fine, int clusters, double distance, Action<int>? progress = null)
    {
        var points = new PointMatrix(values, dimension, normalise: true);
        var members = Enumerable.Range(0, clusters).Select(_ => new List<int>()).ToArray();
        for (var i = 0; i < fine.Length; i++)
        {
            if (points.NormOf(i) > 0)
            {
                members[fine[i]].Add(i);
            }
        }

        var found = new List<NearDuplicate>();
        var compared = 0;
        foreach (var cluster in members.Where(x => x.Count > 0))
        {
            Find(points, cluster, distance, found, rows => progress?.Invoke(compared += rows));
        }

        found.Sort((a, b) => a.Sample.CompareTo(b.Sample));
        return found;
    }

    private static void Find(PointMatrix points, List<int> samples, double distance, List<NearDuplicate> found, Action<int> progress)
    {
        var dimension = points.Dimension;
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var rows = empty([samples.Count, dimension], ScalarType.Float32);
        var target = MemoryMarshal.Cast<byte, float>(rows.bytes);
        for (var i = 0; i < samples.Count; i++)
        {
            points.CopyRows(samples[i], 1, target.Slice(i * dimension, dimension));
        }

        // Twice the bound of the rounding error of a float32 dot product of rounded unit vectors.
        var limit = (float)(1 - distance - Math.ScaleB(dimension + 4, -23));
        var kept = new bool[samples.Count];
        var (row, other) = (new double[dimension], new double[dimension]);
        var block = Math.Clamp(ScoresPerBlock / samples.Count, 1, samples.Count);
        for (var first = 0; first < samples.Count; first += block)
        {
            var (count, before) = (Math.Min(block, samples.Count - first), Math.Min(first + block, samples.Count));
            using var product = mm(rows.narrow(0, first, count), rows.narrow(0, 0, before).t()); // [count, before]
            var scores = MemoryMarshal.Cast<byte, float>(product.bytes);
            for (var i = 0; i < count; i++)
            {
                var measured = false;
                kept[first + i] = true;
                for (var j = 0; j < first + i; j++)
                {
                    if (!kept[j] || scores[(i * before) + j] < limit)
                    {
                        continue;
                    }

                    if (!measured)
                    {
                        points.CopyRow(samples[first + i], row);
                        measured = true;
                    }

                    points.CopyRow(samples[j], other);
                    var apart = KMeans.Distance(row, other, spherical: true);
                    if (apart <= distance)
                    {
                        kept[first + i] = false;
                        found.Add(new NearDuplicate(samples[first + i], samples[j], Math.Max(0, apart)));
                        break;
                    }
                }
            }

            progress(count);
        }
    }
}
