using Paris.Core.Random;
using Paris.Training.Text;
using Xunit;

namespace Paris.Training.Tests.Text;

public sealed class SymmetricFactorsTests
{
    [Fact]
    public void A_matrix_of_known_eigenpairs_is_taken_apart()
    {
        // M = 5 a aᵀ − 3 b bᵀ + 0.5 c cᵀ with orthonormal a, b, c in 40 dimensions.
        const int N = 40;
        double[][] vectors = [Unit(0), Unit(1), Unit(2)];
        double[] values = [5, -3, 0.5];
        var rows = Enumerable.Range(0, N).Select(i => Enumerable.Range(0, N)
            .Select(j => (j, values.Select((value, k) => value * vectors[k][i] * vectors[k][j]).Sum())).ToArray()).ToArray();

        var (found, directions) = SymmetricFactors.Of(rows, 3, new PhiloxKey(1, RandomPurpose.Text));

        for (var k = 0; k < 3; k++)
        {
            Assert.Equal(values[k], found[k], 1e-9);
            var dot = Enumerable.Range(0, N).Sum(i => directions[(i * 3) + k] * vectors[k][i]);
            Assert.Equal(1, Math.Abs(dot), 1e-9);
        }

        // Waves of different frequency are orthogonal.
        static double[] Unit(int frequency) => [.. Enumerable.Range(0, N).Select(i => Math.Sqrt(2.0 / N) * Math.Sin(2 * Math.PI * (frequency + 1) * i / N))];
    }

    [Fact]
    public void A_matrix_smaller_than_the_rank_gives_what_it_has()
    {
        (int, double)[][] rows = [[(0, 2)], [(1, 7)]];
        var (values, vectors) = SymmetricFactors.Of(rows, 5, new PhiloxKey(1, RandomPurpose.Text));
        Assert.Equal(2, values.Length);
        Assert.Equal(7, values[0], 1e-12);
        Assert.Equal(2, values[1], 1e-12);
        Assert.Equal(1, vectors[2], 1e-12); // row 1, first direction
    }
}
