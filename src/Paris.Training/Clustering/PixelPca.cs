using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Formats;
using Paris.Training.Data;
using static TorchSharp.torch;

namespace Paris.Training.Clustering;

/// <summary>
/// <c>pixels-pca</c>: the principal components of the pixels (−1 … 1) of a thumbnail of at most 32×32, centred on the mean image and, for
/// spherical clustering, divided by their length. Pixels that never change are left out. The covariance is that of at most 65,536 evenly
/// spaced images; block products are float32, their sum float64.
/// </summary>
public sealed class PixelPca : IFeatureExtractor
{
    /// <summary>The name in a spec.</summary>
    public const string Name = "pixels-pca";

    private const int ThumbnailSide = 32;
    private const int MaxCovarianceSamples = 1 << 16;
    private const int BlockSamples = 2048;

    private readonly bool _normalise;
    private readonly Dictionary<string, double> _metrics = [];
    private int[] _active = []; // pixels that change, P of them
    private float[] _mean = []; // [P]
    private float[] _components = []; // [D, P]
    private float[] _eigenvalues = []; // [D]

    /// <summary>An extractor that has learned nothing yet.</summary>
    /// <param name="dimension">D.</param>
    /// <param name="normalise">Whether features have unit length.</param>
    public PixelPca(int dimension, bool normalise)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        Dimension = dimension;
        _normalise = normalise;
    }

    public int Dimension { get; }

    /// <summary>The mean, then the covariance.</summary>
    public int FitPasses => 2;

    /// <summary>A whole shard.</summary>
    public int Batch => int.MaxValue;

    public IReadOnlyDictionary<string, double> Metrics => _metrics;

    /// <inheritdoc/>
    /// <exception cref="ParisInputException">The images vary in fewer pixels than the features have dimensions.</exception>
    public void Fit(Func<IEnumerable<Shard>> passes)
    {
        var count = Centre(passes());
        var pixels = _active.Length;
        if (pixels < Dimension)
        {
            throw new ParisInputException($"clustering.dimension is {Dimension}, but only {pixels} pixels of the images ever change; use at most {pixels}.");
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var covariance = zeros([pixels, pixels], ScalarType.Float64);
        var stride = (count + MaxCovarianceSamples - 1) / MaxCovarianceSamples;
        var used = 0L;
        foreach (var (block, rows) in Blocks(passes(), stride))
        {
            using var inner = NewDisposeScope();
            var x = block.narrow(0, 0, rows); // [B, P]
            covariance.add_(x.t().mm(x).to(ScalarType.Float64));
            used += rows;
        }

        covariance.div_(used);
        var (values, vectors) = linalg.eigh(covariance); // ascending; columns are vectors
        var eigenvalues = Copy(values);
        var columns = Copy(vectors); // [P, P]
        _components = new float[Dimension * pixels];
        _eigenvalues = new float[Dimension];
        for (var d = 0; d < Dimension; d++)
        {
            var column = pixels - 1 - d;

            // A component's sign means nothing; the entry of largest magnitude shall be positive.
            var largest = 0.0;
            for (var p = 0; p < pixels; p++)
            {
                var value = columns[(p * pixels) + column];
                largest = Math.Abs(value) > Math.Abs(largest) ? value : largest;
            }

            for (var p = 0; p < pixels; p++)
            {
                _components[(d * pixels) + p] = (float)(columns[(p * pixels) + column] * Math.Sign(largest));
            }

            _eigenvalues[d] = (float)eigenvalues[column];
        }

        var total = eigenvalues.Sum();
        _metrics["explained-variance"] = total > 0 ? _eigenvalues.Sum(value => (double)value) / total : 0;
        _metrics["active-pixels"] = pixels;
        _metrics["covariance-samples"] = used;
    }

    /// <inheritdoc/>
    public float[] Extract(Shard shard, int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((first, count), (0, shard.Count));
        if (_components.Length == 0)
        {
            throw new InvalidOperationException("The extractor has not been fitted.");
        }

        var features = new float[shard.Count * Dimension];
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var basis = empty([Dimension, _active.Length], ScalarType.Float32);
        _components.CopyTo(MemoryMarshal.Cast<byte, float>(basis.bytes));
        var transposed = basis.t(); // [P, D]
        var done = 0;
        foreach (var (block, rows) in Blocks([shard], stride: 1))
        {
            using var inner = NewDisposeScope();
            var projected = block.narrow(0, 0, rows).mm(transposed); // [B, D]
            var source = MemoryMarshal.Cast<byte, float>(projected.bytes);
            source.CopyTo(features.AsSpan(done * Dimension));
            done += rows;
        }

        if (_normalise)
        {
            for (var i = 0; i < shard.Count; i++)
            {
                UnitLength.Apply(features.AsSpan(i * Dimension, Dimension));
            }
        }

        return features;
    }

    /// <summary><c>mean</c> F32 [P], <c>components</c> F32 [D, P], <c>eigenvalues</c> F32 [D], <c>pixels</c> I32 [P].</summary>
    public byte[] Save() => SafetensorsWriter.ToBytes(
        [
            TensorData.Of("mean", _mean, _mean.Length),
            TensorData.Of("components", _components, Dimension, _active.Length),
            TensorData.Of("eigenvalues", _eigenvalues, Dimension),
            TensorData.Of("pixels", _active, _active.Length),
        ],
        new Dictionary<string, string> { ["extractor"] = Name, ["normalised"] = _normalise ? "true" : "false" });

    public void Dispose()
    {
    }

    private static double[] Copy(Tensor tensor) => MemoryMarshal.Cast<byte, double>(tensor.contiguous().bytes).ToArray();

    private static byte[] Thumbnail(Shard shard, int index, byte[]? buffer, out byte[]? own)
    {
        own = buffer;
        var (channels, height, width) = (shard.Shape[0], shard.Shape[1], shard.Shape[2]);
        if (Math.Max(height, width) <= ThumbnailSide)
        {
            own ??= new byte[shard.SampleSize];
            shard.PixelsOf(index).CopyTo(own);
            return own;
        }

        own ??= new byte[channels * ThumbnailSide * ThumbnailSide];
        ImageResampler.CropAndResize(shard.PixelsOf(index), channels, height, width, ThumbnailSide, own);
        return own;
    }

    // The mean of every pixel and which pixels change; returns the number of samples.
    private long Centre(IEnumerable<Shard> shards)
    {
        long[]? sums = null;
        byte[]? least = null;
        byte[]? most = null;
        byte[]? buffer = null;
        var count = 0L;
        foreach (var shard in shards)
        {
            for (var i = 0; i < shard.Count; i++)
            {
                var image = Thumbnail(shard, i, buffer, out buffer);
                sums ??= new long[image.Length];
                least ??= [.. image];
                most ??= [.. image];
                for (var p = 0; p < image.Length; p++)
                {
                    sums[p] += image[p];
                    least[p] = Math.Min(least[p], image[p]);
                    most[p] = Math.Max(most[p], image[p]);
                }
            }

            count += shard.Count;
        }

        if (sums is null)
        {
            throw new ParisInputException("There are no images to extract features from.");
        }

        _active = [.. Enumerable.Range(0, sums.Length).Where(p => least![p] != most![p])];
        _mean = [.. _active.Select(p => (float)(((double)sums[p] / count / 127.5) - 1))];
        return count;
    }

    // Centred pixels in blocks of [B, P]; the tensor is filled anew for every block.
    private IEnumerable<(Tensor Block, int Rows)> Blocks(IEnumerable<Shard> shards, long stride)
    {
        var pixels = _active.Length;
        using var block = empty([BlockSamples, pixels], ScalarType.Float32).DetachFromDisposeScope();
        byte[]? buffer = null;
        var image = Array.Empty<float>();
        var rows = 0;
        var sample = 0L;
        foreach (var shard in shards)
        {
            for (var i = 0; i < shard.Count; i++, sample++)
            {
                if (sample % stride != 0)
                {
                    continue;
                }

                var thumbnail = Thumbnail(shard, i, buffer, out buffer);
                if (image.Length != thumbnail.Length)
                {
                    image = new float[thumbnail.Length];
                }

                Pixels.ToFloat(thumbnail, image);
                var row = MemoryMarshal.Cast<byte, float>(block.bytes).Slice(rows * pixels, pixels);
                for (var p = 0; p < pixels; p++)
                {
                    row[p] = image[_active[p]] - _mean[p];
                }

                if (++rows == BlockSamples)
                {
                    yield return (block, rows);
                    rows = 0;
                }
            }
        }

        if (rows > 0)
        {
            yield return (block, rows);
        }
    }
}
