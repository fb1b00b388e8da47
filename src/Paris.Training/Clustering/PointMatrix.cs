namespace Paris.Training.Clustering;

/// <summary>
/// The points of a clustering, [N, D] row-major, kept in the precision they came in. With <c>normalise</c> every row is read divided by
/// its length (in float64), which is what spherical k-means works on; rows of length 0 stay 0.
/// </summary>
public sealed class PointMatrix
{
    private readonly float[]? _single;
    private readonly double[]? _double;
    private readonly double[] _norms;
    private readonly bool _normalise;

    /// <summary>Points in float32.</summary>
    public PointMatrix(float[] values, int dimension, bool normalise)
        : this(values.Length, dimension, normalise)
    {
        _single = values;
        Measure();
    }

    /// <summary>Points in float64.</summary>
    public PointMatrix(double[] values, int dimension, bool normalise)
        : this(values.Length, dimension, normalise)
    {
        _double = values;
        Measure();
    }

    private PointMatrix(int length, int dimension, bool normalise)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        if (length == 0 || length % dimension != 0)
        {
            throw new ArgumentException($"{length} numbers are no points of {dimension} dimensions.");
        }

        Count = length / dimension;
        Dimension = dimension;
        _normalise = normalise;
        _norms = new double[Count];
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>D.</summary>
    public int Dimension { get; }

    /// <summary>Length of point <paramref name="index"/> as it is read: 1 (or 0) when normalised.</summary>
    public double NormOf(int index) => !_normalise ? _norms[index] : _norms[index] > 0 ? 1 : 0;

    /// <summary>Point <paramref name="index"/> in float64.</summary>
    public void CopyRow(int index, Span<double> row)
    {
        var scale = ScaleOf(index);
        var first = index * Dimension;
        if (_single is not null)
        {
            var values = _single.AsSpan(first, Dimension);
            for (var d = 0; d < values.Length; d++)
            {
                row[d] = values[d] * scale;
            }
        }
        else
        {
            var values = _double!.AsSpan(first, Dimension);
            for (var d = 0; d < values.Length; d++)
            {
                row[d] = values[d] * scale;
            }
        }
    }

    /// <summary>Points <paramref name="first"/> … first + <paramref name="count"/> − 1 in float32: [count, D].</summary>
    public void CopyRows(int first, int count, Span<float> block)
    {
        if (_single is not null && !_normalise)
        {
            _single.AsSpan(first * Dimension, count * Dimension).CopyTo(block);
            return;
        }

        for (var i = 0; i < count; i++)
        {
            var scale = ScaleOf(first + i);
            var row = block.Slice(i * Dimension, Dimension);
            var offset = (first + i) * Dimension;
            for (var d = 0; d < row.Length; d++)
            {
                row[d] = (float)((_single is not null ? _single[offset + d] : _double![offset + d]) * scale);
            }
        }
    }

    private double ScaleOf(int index) => !_normalise ? 1 : _norms[index] > 0 ? 1 / _norms[index] : 0;

    private void Measure()
    {
        for (var i = 0; i < Count; i++)
        {
            var sum = 0.0;
            for (var d = 0; d < Dimension; d++)
            {
                var value = _single is not null ? _single[(i * Dimension) + d] : _double![(i * Dimension) + d];
                sum += value * value;
            }

            if (!double.IsFinite(sum))
            {
                throw new ArgumentException($"Point {i} holds a value that is not finite.");
            }

            _norms[i] = Math.Sqrt(sum);
        }
    }
}
