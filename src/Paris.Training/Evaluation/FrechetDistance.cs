using Paris.Core;
using static TorchSharp.torch;

namespace Paris.Training.Evaluation;

/// <summary>
/// The Fréchet distance between two Gaussians, |μ1 − μ2|² + tr(Σ1 + Σ2 − 2 (Σ1 Σ2)^½), in double precision
/// (fixture statistics/frechet). The features it is taken on give it its name: only with Inception features is it an FID.
/// </summary>
public static class FrechetDistance
{
    /// <summary>Mean and covariance (n − 1) of features.</summary>
    /// <param name="features">[n, d], row-major, n ≥ 2.</param>
    /// <param name="dimension">d.</param>
    public static (double[] Mean, double[] Covariance) Moments(ReadOnlySpan<float> features, int dimension)
    {
        var count = features.Length / dimension;
        if (count < 2 || count * dimension != features.Length)
        {
            throw new ParisInputException($"the distance needs at least 2 rows of {dimension} features; there are {features.Length} numbers.");
        }

        var mean = new double[dimension];
        for (var i = 0; i < count; i++)
        {
            for (var d = 0; d < dimension; d++)
            {
                mean[d] += features[(i * dimension) + d];
            }
        }

        for (var d = 0; d < dimension; d++)
        {
            mean[d] /= count;
        }

        var covariance = new double[dimension * dimension];
        var centred = new double[dimension];
        for (var i = 0; i < count; i++)
        {
            for (var d = 0; d < dimension; d++)
            {
                centred[d] = features[(i * dimension) + d] - mean[d];
            }

            for (var a = 0; a < dimension; a++)
            {
                var row = covariance.AsSpan(a * dimension, dimension);
                var scale = centred[a];
                for (var b = 0; b < dimension; b++)
                {
                    row[b] += scale * centred[b];
                }
            }
        }

        for (var i = 0; i < covariance.Length; i++)
        {
            covariance[i] /= count - 1;
        }

        return (mean, covariance);
    }

    /// <summary>The distance of two sets of features [n, d].</summary>
    public static double Between(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int dimension)
    {
        var (mean1, covariance1) = Moments(first, dimension);
        var (mean2, covariance2) = Moments(second, dimension);
        return Between(mean1, covariance1, mean2, covariance2);
    }

    /// <summary>
    /// The distance of two Gaussians. tr (Σ1 Σ2)^½ is taken as the sum of the square roots of the eigenvalues of the symmetric
    /// Σ1^½ Σ2 Σ1^½, clipped at 0: it stays real and stable where a covariance is singular.
    /// </summary>
    public static double Between(double[] mean1, double[] covariance1, double[] mean2, double[] covariance2)
    {
        var dimension = mean1.Length;
        if (mean2.Length != dimension || covariance1.Length != dimension * dimension || covariance2.Length != dimension * dimension)
        {
            throw new ParisInputException($"the two sets have features of different dimension ({dimension} and {mean2.Length}).");
        }

        double squared = 0;
        double traces = 0;
        for (var d = 0; d < dimension; d++)
        {
            squared += (mean1[d] - mean2[d]) * (mean1[d] - mean2[d]);
            traces += covariance1[(d * dimension) + d] + covariance2[(d * dimension) + d];
        }

        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var sigma1 = tensor(covariance1, dtype: ScalarType.Float64).view(dimension, dimension);
        var sigma2 = tensor(covariance2, dtype: ScalarType.Float64).view(dimension, dimension);
        var (values, vectors) = linalg.eigh(sigma1);
        var root = vectors.mul(values.clamp_min(0).sqrt().unsqueeze(0)).mm(vectors.t()); // Σ1^½
        var product = root.mm(sigma2).mm(root);
        var (eigenvalues, _) = linalg.eigh((product + product.t()) * 0.5);
        var trace = eigenvalues.clamp_min(0).sqrt().sum().item<double>();
        return squared + traces - (2 * trace);
    }
}
