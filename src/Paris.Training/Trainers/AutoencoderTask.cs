using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Core.Random;
using Paris.Core.Specs;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Diffusion;
using Paris.Training.Optimization;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>Trains the run's small autoencoder: L1 + MSE + 1e-4·KL (mean over the latents' elements).</summary>
public sealed class AutoencoderTask : TrainingTask
{
    private const double KlWeight = 1e-4;
    private const int InitializationPlace = 60_001;
    private const int Batch = 256;

    /// <summary>Images that the latents' scale and the PSNR are measured on.</summary>
    private const int Measured = 10_000;

    private readonly Autoencoder _model;
    private readonly SampleSet _images;
    private readonly int[] _latentShape;

    /// <param name="spec">The autoencoder's dimensions and optimiser.</param>
    /// <param name="images">Pixels.</param>
    /// <param name="seed">The run's seed.</param>
    public AutoencoderTask(AutoencoderSpec spec, SampleSet images, ulong seed)
    {
        if (images.Height % Autoencoder.Factor != 0 || images.Width % Autoencoder.Factor != 0)
        {
            throw new ParisInputException($"images of {images.Height}×{images.Width} cannot be halved twice; set data.imageSize to a multiple of {Autoencoder.Factor}.");
        }

        _images = images;
        _latentShape = [spec.LatentChannels, images.Height / Autoencoder.Factor, images.Width / Autoencoder.Factor];
        Batches = new ImageSource(images, DiffusionStreams.ForPurpose(seed, RandomPurpose.Autoencoder), spec.Training.Batch, _latentShape);
        _model = new Autoencoder(images.Channels, spec.LatentChannels, spec.Width);
        WeightInitialization.Apply(_model, seed, InitializationPlace);
    }

    public override nn.Module Module => _model;

    public override IBatchSource Batches { get; }

    public override Tensor Loss(BatchView batch)
    {
        var (mean, logVariance) = _model.Encode(batch.Input);
        var bounded = logVariance.clamp(-20, 10);
        var latents = mean + ((bounded * 0.5f).exp() * batch.Target!); // the batch's target is the posterior's noise
        var images = _model.Decode(latents);
        var kl = ((mean * mean) + bounded.exp() - bounded - 1f).mean() * (0.5f * KlWeight);
        return nn.functional.l1_loss(images, batch.Input) + nn.functional.mse_loss(images, batch.Input) + kl;
    }

    /// <summary>Sixteen images above their reconstructions.</summary>
    public override byte[]? Preview(FlatParameters parameters)
    {
        const int Shown = 16;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var grid = new ImageGrid(Shown, 2, _images.Channels, _images.Height, _images.Width);
        var input = Load(0, Math.Min(Shown, _images.Count));
        var output = MemoryMarshal.Cast<byte, float>(_model.call(input).contiguous().bytes);
        var values = MemoryMarshal.Cast<byte, float>(input.bytes);
        for (var i = 0; i < input.shape[0]; i++)
        {
            grid.Place(i, values.Slice(i * _images.SampleSize, _images.SampleSize));
            grid.Place(Shown + i, output.Slice(i * _images.SampleSize, _images.SampleSize));
        }

        return grid.ToPng();
    }

    /// <summary>Mean and deviation of the latents by channel, and the PSNR of reconstructions through the posterior's mean (pixels span 2).</summary>
    public (LatentScale Scale, double Psnr) Measure()
    {
        var count = Math.Min(Measured, _images.Count);
        var area = _latentShape[1] * _latentShape[2];
        var sums = new double[_latentShape[0]];
        var squares = new double[_latentShape[0]];
        var error = 0.0;
        using var noGradient = no_grad();
        for (var first = 0; first < count; first += Batch)
        {
            using var scope = NewDisposeScope();
            var input = Load(first, Math.Min(Batch, count - first));
            var (mean, _) = _model.Encode(input);
            var output = _model.Decode(mean);
            error += nn.functional.mse_loss(output, input, reduction: nn.Reduction.Sum).item<float>();
            var latents = MemoryMarshal.Cast<byte, float>(mean.contiguous().bytes);
            for (var i = 0; i < latents.Length; i++)
            {
                var channel = i / area % sums.Length;
                sums[channel] += latents[i];
                squares[channel] += (double)latents[i] * latents[i];
            }
        }

        var n = (double)count * area;
        var scale = new LatentScale(
            [.. sums.Select(sum => (float)(sum / n))],
            [.. sums.Zip(squares, (sum, square) => (float)Math.Sqrt(Math.Max(1e-12, (square / n) - (sum / n * (sum / n)))))]);
        return (scale, 10 * Math.Log10(4 / (error / ((double)count * _images.SampleSize))));
    }

    /// <summary>Images spread over the set: [n, C, H, W].</summary>
    private Tensor Load(int first, int count)
    {
        var total = Math.Min(Measured, _images.Count);
        var images = empty([count, _images.Channels, _images.Height, _images.Width], ScalarType.Float32);
        var values = MemoryMarshal.Cast<byte, float>(images.bytes);
        for (var i = 0; i < count; i++)
        {
            var index = (int)((first + i) * (long)_images.Count / total);
            _images.CopyTo(index, values.Slice(i * _images.SampleSize, _images.SampleSize));
        }

        return images;
    }
}
