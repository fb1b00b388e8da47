using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Paris.Training.Clustering;

/// <summary>
/// Finds every point's nearest centroid. Scores come from float32 matrix products over blocks of points; where the best two scores are
/// closer than float32 can tell, the candidates are measured again in float64. The answer is therefore that of float64, lowest index on
/// ties, at the speed of float32.
/// </summary>
internal sealed class NearestCentroid
{
    // Scores of one block: small enough for the second-level cache.
    private const int ScoresPerBlock = 1 << 18;

    private readonly PointMatrix _points;
    private readonly bool _spherical;
    private readonly double[] _row;

    public NearestCentroid(PointMatrix points, bool spherical)
    {
        _points = points;
        _spherical = spherical;
        _row = new double[points.Dimension];
    }

    /// <summary>Writes every point's nearest centroid and its distance (<see cref="KMeans.Distance"/>).</summary>
    /// <param name="centroids">[K, D]; unit length when spherical.</param>
    /// <param name="assignments">[N], written.</param>
    /// <param name="distances">[N], written.</param>
    public void Assign(ReadOnlySpan<double> centroids, Span<int> assignments, Span<double> distances)
    {
        var dimension = _points.Dimension;
        var clusters = centroids.Length / dimension;
        var rowsPerBlock = Math.Clamp(ScoresPerBlock / clusters, 16, Math.Max(16, _points.Count));

        // The nearest centroid has the largest x·c − |c|²/2 (spherical: all lengths are equal).
        var offsets = new float[clusters];
        var largest = 0.0;
        for (var k = 0; k < clusters; k++)
        {
            var squared = 0.0;
            foreach (var value in centroids.Slice(k * dimension, dimension))
            {
                squared += value * value;
            }

            largest = Math.Max(largest, Math.Sqrt(squared));
            offsets[k] = _spherical ? 0 : (float)(-squared / 2);
        }

        // Twice the bound of the rounding error of a float32 dot product of rounded numbers, for lengths 1 and `largest`.
        var unit = Math.ScaleB(dimension + 4, -23);

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var transposed = empty([dimension, clusters], ScalarType.Float32);
        var target = MemoryMarshal.Cast<byte, float>(transposed.bytes);
        for (var k = 0; k < clusters; k++)
        {
            for (var d = 0; d < dimension; d++)
            {
                target[(d * clusters) + k] = (float)centroids[(k * dimension) + d];
            }
        }

        for (var first = 0; first < _points.Count; first += rowsPerBlock)
        {
            var count = Math.Min(rowsPerBlock, _points.Count - first);
            using var block = empty([count, dimension], ScalarType.Float32);
            _points.CopyRows(first, count, MemoryMarshal.Cast<byte, float>(block.bytes));
            using var product = mm(block, transposed); // [count, K]
            var scores = MemoryMarshal.Cast<byte, float>(product.bytes);
            for (var i = 0; i < count; i++)
            {
                var row = scores.Slice(i * clusters, clusters);
                if (!_spherical)
                {
                    TensorPrimitives.Add(row, offsets, row);
                }

                var tolerance = unit * largest * (_points.NormOf(first + i) + (_spherical ? 0 : largest / 2));
                (assignments[first + i], distances[first + i]) = Decide(first + i, row, (float)tolerance, centroids);
            }
        }
    }

    private (int Cluster, double Distance) Decide(int point, ReadOnlySpan<float> scores, float tolerance, ReadOnlySpan<double> centroids)
    {
        _points.CopyRow(point, _row);
        var limit = TensorPrimitives.Max(scores) - tolerance;
        var best = -1;
        var bestDistance = double.PositiveInfinity;
        for (var k = 0; k < scores.Length; k++)
        {
            if (scores[k] >= limit)
            {
                var distance = KMeans.Distance(_row, centroids.Slice(k * _row.Length, _row.Length), _spherical);
                if (distance < bestDistance)
                {
                    (best, bestDistance) = (k, distance);
                }
            }
        }

        return (best, bestDistance);
    }
}
