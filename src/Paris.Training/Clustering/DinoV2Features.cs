using System.Runtime.InteropServices;
using Paris.Core;
using Paris.Models;
using Paris.Models.Encoders;
using Paris.Training.Data;
using static TorchSharp.torch;

namespace Paris.Training.Clustering;

/// <summary>
/// <c>dinov2</c>: the class token of a DINOv2 vision transformer, divided by its length (paper section 2.6). It sees what DINOv2's own
/// evaluation shows it: the stored square resized to <c>clustering.resizeSize</c> with an antialiased bicubic filter, the centred
/// <c>clustering.inputSize</c> of it, values 0 … 1 normalised by the statistics of ImageNet. Grey pictures are three equal channels.
/// </summary>
public sealed class DinoV2Features : IFeatureExtractor
{
    /// <summary>The name in a spec.</summary>
    public const string Name = "dinov2";

    private readonly DinoV2 _model;
    private readonly int _inputSize;
    private readonly int _resizeSize;
    private (int Side, float[] Weights) _resize; // [inputSize, Side]: resize and crop along one direction

    /// <param name="model">Owned from here on.</param>
    /// <param name="inputSize">R: side of what the model sees.</param>
    /// <param name="resizeSize">Side the square is brought to before its centre is taken; at least R.</param>
    /// <exception cref="ParisInputException">The sizes or the model's channels do not fit; the model is disposed.</exception>
    public DinoV2Features(DinoV2 model, int inputSize, int resizeSize)
    {
        (_model, _inputSize, _resizeSize) = (model, inputSize, resizeSize);
        var shape = model.Shape;
        var wrong = inputSize % shape.Patch != 0
            ? $"clustering.inputSize is {inputSize}; this DINOv2 has patches of {shape.Patch}×{shape.Patch}, so use a multiple, for example {Math.Max(1, (int)Math.Round((double)inputSize / shape.Patch)) * shape.Patch}."
            : resizeSize < inputSize ? $"clustering.resizeSize is {resizeSize}, less than clustering.inputSize ({inputSize}), which is cut out of it; use at least that."
            : shape.Channels != 3 ? $"clustering.weights: this DINOv2 takes {shape.Channels} channels; one of colour pictures (3) is needed."
            : null;
        if (wrong is not null)
        {
            model.Dispose();
            throw new ParisInputException(wrong);
        }
    }

    public int Dimension => _model.Shape.Hidden;

    /// <summary>Nothing is learned.</summary>
    public int FitPasses => 0;

    /// <summary>Small enough that a ViT-L's activations stay below 100 MB, large enough for matrix products at full rate.</summary>
    public int Batch => 16;

    public IReadOnlyDictionary<string, double> Metrics { get; } = new Dictionary<string, double>();

    public void Fit(Func<IEnumerable<Shard>> passes)
    {
    }

    /// <inheritdoc/>
    /// <exception cref="ParisInputException">A feature is not finite: the weights are damaged.</exception>
    public float[] Extract(Shard shard, int first, int count)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var features = MemoryMarshal.Cast<byte, float>(_model.call(Input(shard, first, count)).contiguous().bytes).ToArray(); // [B, D]
        for (var i = 0; i < count; i++)
        {
            var feature = features.AsSpan(i * Dimension, Dimension);
            UnitLength.Apply(feature);
            if (!float.IsFinite(feature[0]))
            {
                throw new ParisInputException($"clustering.weights: sample {shard.Ids[first + i]} has a feature that is no number; the weights are damaged.");
            }
        }

        return features;
    }

    public byte[]? Save() => null;

    public void Dispose() => _model.Dispose();

    /// <summary>Pictures as the model sees them: [B, 3, R, R].</summary>
    internal Tensor Input(Shard shard, int first, int count)
    {
        var (channels, side) = (shard.Shape[0], shard.Shape[1]);
        if (_resize.Side != side)
        {
            var rows = Resampling.BicubicAntialiased(side, _resizeSize); // [resizeSize, side]
            var top = (_resizeSize - _inputSize) / 2;
            _resize = (side, rows.AsSpan(top * side, _inputSize * side).ToArray());
        }

        using var scope = NewDisposeScope();
        var pictures = empty([count, channels, side, side], ScalarType.Float32);
        var target = MemoryMarshal.Cast<byte, float>(pictures.bytes);
        for (var i = 0; i < count; i++)
        {
            var pixels = shard.PixelsOf(first + i);
            var picture = target.Slice(i * pixels.Length, pixels.Length);
            for (var p = 0; p < pixels.Length; p++)
            {
                picture[p] = pixels[p] / 255f;
            }
        }

        // Where the filter overshoots, 8-bit pictures would be cut off.
        var seen = Resampling.Apply(pictures, _resize.Weights, _resize.Weights).clamp(0, 1);
        return DinoV2.Normalised(channels == 3 ? seen : seen.expand(count, 3, _inputSize, _inputSize)).MoveToOuterDisposeScope();
    }
}
