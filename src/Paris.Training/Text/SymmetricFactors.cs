using Paris.Core.Random;

namespace Paris.Training.Text;

/// <summary>
/// The strongest eigenpairs of a sparse symmetric matrix by randomised subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4),
/// then Jacobi rotations of the small projected matrix. One thread, double precision, a fixed order of operations, a start from Philox:
/// the same numbers on every run of one machine.
/// </summary>
internal static class SymmetricFactors
{
    private const int Oversampling = 8;
    private const int Iterations = 6;
    private const int Sweeps = 30;

    /// <summary>Factors.</summary>
    /// <param name="rows">Row i's non-zero entries (column, value), ascending; symmetric.</param>
    /// <param name="rank">Pairs wanted; more than the matrix has rows are not there.</param>
    /// <param name="start">Random start.</param>
    /// <returns>
    /// Eigenvalues by falling size, and the eigenvectors [n, r] row-major, r = min(rank, n); the largest entry of each is positive.
    /// </returns>
    public static (double[] Values, double[] Vectors) Of(IReadOnlyList<(int Column, double Value)[]> rows, int rank, PhiloxKey start)
    {
        var n = rows.Count;
        var width = Math.Min(n, rank + Oversampling);
        var normals = new float[n * width];
        start.FillNormal(normals);
        var q = Array.ConvertAll(normals, x => (double)x); // [n, w]
        Orthonormalise(q, n, width);
        for (var i = 0; i < Iterations; i++)
        {
            q = Multiply(rows, q, width);
            Orthonormalise(q, n, width);
        }

        // The matrix in the subspace: B = Qᵀ M Q.
        var mq = Multiply(rows, q, width);
        var small = new double[width * width];
        for (var row = 0; row < n; row++)
        {
            for (var a = 0; a < width; a++)
            {
                var left = q[(row * width) + a];
                for (var b = 0; b < width; b++)
                {
                    small[(a * width) + b] += left * mq[(row * width) + b];
                }
            }
        }

        var rotation = Diagonalise(small, width);
        var order = Enumerable.Range(0, width).OrderByDescending(i => Math.Abs(small[(i * width) + i])).ThenBy(i => i).Take(Math.Min(rank, n)).ToArray();
        var vectors = new double[n * order.Length];
        for (var row = 0; row < n; row++)
        {
            for (var k = 0; k < order.Length; k++)
            {
                var sum = 0.0;
                for (var a = 0; a < width; a++)
                {
                    sum += q[(row * width) + a] * rotation[(a * width) + order[k]];
                }

                vectors[(row * order.Length) + k] = sum;
            }
        }

        FixSigns(vectors, n, order.Length);
        return ([.. order.Select(i => small[(i * width) + i])], vectors);
    }

    private static double[] Multiply(IReadOnlyList<(int Column, double Value)[]> rows, double[] q, int width)
    {
        var result = new double[q.Length];
        for (var row = 0; row < rows.Count; row++)
        {
            var sum = result.AsSpan(row * width, width);
            foreach (var (column, value) in rows[row])
            {
                var other = q.AsSpan(column * width, width);
                for (var k = 0; k < width; k++)
                {
                    sum[k] += value * other[k];
                }
            }
        }

        return result;
    }

    /// <summary>Gram–Schmidt, twice a column; a column that the ones before span becomes zero.</summary>
    private static void Orthonormalise(double[] q, int n, int width)
    {
        for (var k = 0; k < width; k++)
        {
            var before = Norm(q, n, width, k);
            for (var pass = 0; pass < 2; pass++)
            {
                for (var j = 0; j < k; j++)
                {
                    var dot = 0.0;
                    for (var row = 0; row < n; row++)
                    {
                        dot += q[(row * width) + j] * q[(row * width) + k];
                    }

                    for (var row = 0; row < n; row++)
                    {
                        q[(row * width) + k] -= dot * q[(row * width) + j];
                    }
                }
            }

            var norm = Norm(q, n, width, k);
            var scale = norm > 1e-10 * before && norm > 0 ? 1 / norm : 0;
            for (var row = 0; row < n; row++)
            {
                q[(row * width) + k] *= scale;
            }
        }
    }

    private static double Norm(double[] q, int n, int width, int k)
    {
        var sum = 0.0;
        for (var row = 0; row < n; row++)
        {
            sum += q[(row * width) + k] * q[(row * width) + k];
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Cyclic Jacobi: makes the matrix diagonal in place and returns the rotation whose columns are its eigenvectors.</summary>
    private static double[] Diagonalise(double[] a, int n)
    {
        var v = new double[n * n];
        for (var i = 0; i < n; i++)
        {
            v[(i * n) + i] = 1;
        }

        var scale = Math.Sqrt(a.Sum(x => x * x));
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var off = 0.0;
            for (var i = 0; i < n; i++)
            {
                for (var j = i + 1; j < n; j++)
                {
                    off += a[(i * n) + j] * a[(i * n) + j];
                }
            }

            if (Math.Sqrt(off) <= 1e-13 * scale)
            {
                break;
            }

            for (var i = 0; i < n; i++)
            {
                for (var j = i + 1; j < n; j++)
                {
                    Rotate(a, v, n, i, j);
                }
            }
        }

        return v;
    }

    private static void Rotate(double[] a, double[] v, int n, int i, int j)
    {
        var off = a[(i * n) + j];
        if (off == 0)
        {
            return;
        }

        var theta = (a[(j * n) + j] - a[(i * n) + i]) / (2 * off);
        var t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        var c = 1 / Math.Sqrt((t * t) + 1);
        var s = t * c;
        for (var k = 0; k < n; k++)
        {
            (a[(k * n) + i], a[(k * n) + j]) = ((c * a[(k * n) + i]) - (s * a[(k * n) + j]), (s * a[(k * n) + i]) + (c * a[(k * n) + j]));
        }

        for (var k = 0; k < n; k++)
        {
            (a[(i * n) + k], a[(j * n) + k]) = ((c * a[(i * n) + k]) - (s * a[(j * n) + k]), (s * a[(i * n) + k]) + (c * a[(j * n) + k]));
            (v[(k * n) + i], v[(k * n) + j]) = ((c * v[(k * n) + i]) - (s * v[(k * n) + j]), (s * v[(k * n) + i]) + (c * v[(k * n) + j]));
        }
    }

    private static void FixSigns(double[] vectors, int n, int rank)
    {
        for (var k = 0; k < rank; k++)
        {
            var largest = 0.0;
            for (var row = 0; row < n; row++)
            {
                var value = vectors[(row * rank) + k];
                largest = Math.Abs(value) > Math.Abs(largest) ? value : largest;
            }

            for (var row = 0; largest < 0 && row < n; row++)
            {
                vectors[(row * rank) + k] = -vectors[(row * rank) + k];
            }
        }
    }
}
