using System.Runtime.InteropServices;
using Paris.Core.Random;
using Paris.Models;
using Paris.Training.Data;
using Paris.Training.Diffusion;
using Paris.Training.Sampling;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>
/// Sixteen images by one expert alone, always from the same noise, in ten Euler steps: every class in turn, or captions of its samples.
/// </summary>
/// <param name="model">The expert.</param>
/// <param name="codec">Turns latents into pictures.</param>
/// <param name="noise">Chooses noise and captions.</param>
/// <param name="learnsNoise">The expert's objective.</param>
/// <param name="captions">Samples whose captions are drawn from; null without text.</param>
public sealed class ExpertPreview(DiTExpert model, LatentCodec codec, PhiloxKey noise, bool learnsNoise = false, SampleSet? captions = null)
{
    private const int Images = 16;
    private const int Columns = 8;
    private const int Steps = 10;

    /// <summary>The picture as a PNG file.</summary>
    public byte[] Draw()
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var shape = model.Shape;
        var size = shape.Channels * shape.Side * shape.Side;
        var x = empty([Images, shape.Channels, shape.Side, shape.Side], ScalarType.Float32);
        var values = MemoryMarshal.Cast<byte, float>(x.bytes);
        for (var i = 0; i < Images; i++)
        {
            noise.ForSample(i).FillNormal(values.Slice(i * size, size));
        }

        // One class a picture, in turn.
        var condition = shape.Condition == ConditionKind.Class
            ? tensor([.. Enumerable.Range(0, Images).Select(i => (long)(i % shape.Classes))], ScalarType.Int64)
            : captions is null ? null : Captions(captions);
        VelocityModel expert = (at, t, condition) => model.call(at, t, condition);
        var sampler = new EnsembleSampler([learnsNoise ? EpsilonExpert.AsVelocity(expert) : expert], router: null);
        using var outcome = sampler.Sample(
            x,
            TimeGrid.Create("uniform", Steps),
            RoutingStrategy.Create("cluster-first"),
            new int[Images],
            (_, _, _) => 0,
            condition is null ? null : new Guidance(condition, condition, 1));

        var pictures = codec.Decode(outcome.X).contiguous(); // [16, C, H, W]
        var (channels, height, width) = ((int)pictures.shape[1], (int)pictures.shape[2], (int)pictures.shape[3]);
        var pixels = MemoryMarshal.Cast<byte, float>(pictures.bytes);
        var grid = new ImageGrid(Columns, Images / Columns, channels, height, width, scale: 2);
        for (var i = 0; i < Images; i++)
        {
            grid.Place(i, pixels.Slice(i * channels * height * width, channels * height * width));
        }

        return grid.ToPng();
    }

    /// <summary>[16, T, D], always of the same samples.</summary>
    private Tensor Captions(SampleSet samples)
    {
        var order = new KeyedPermutation(noise.AtStep(1), samples.Count);
        var size = samples.Text!.SequenceSize;
        var result = empty([Images, samples.Text.Tokens, samples.Text.Dimension], ScalarType.Float32);
        var values = MemoryMarshal.Cast<byte, float>(result.bytes);
        for (var i = 0; i < Images; i++)
        {
            samples.CopySequence((int)order[i % samples.Count], values.Slice(i * size, size));
        }

        return result;
    }
}
