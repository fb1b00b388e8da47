using System.Runtime.InteropServices;
using Paris.Core;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Paris.Training.Optimization;

/// <summary>Where a parameter lies in the flat buffers.</summary>
/// <param name="Name">The parameter's key in the model.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Segment">Index of its segment.</param>
/// <param name="Offset">First element in the segment.</param>
/// <param name="Count">Elements.</param>
public sealed record ParameterSlice(string Name, long[] Shape, int Segment, long Offset, long Count);

/// <summary>
/// The flat buffers of a module: every parameter becomes a view of them (same storage), and so does its gradient. Build it after
/// the module is on its device; the module must not be moved afterwards.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    /// <summary>Largest segment: 2^28 elements are 1 GiB, below the 2 GiB that one span of bytes can reach.</summary>
    public const long DefaultSegmentElements = 1L << 28;

    private readonly List<Tensor> _gradientViews = [];

    private FlatParameters(IReadOnlyList<FlatSegment> segments, IReadOnlyList<ParameterSlice> slices, bool onCpu)
    {
        Segments = segments;
        Slices = slices;
        OnCpu = onCpu;
    }

    public IReadOnlyList<FlatSegment> Segments { get; }

    /// <summary>All parameters in the module's order.</summary>
    public IReadOnlyList<ParameterSlice> Slices { get; }

    /// <summary>Whether the buffers lie in host memory.</summary>
    public bool OnCpu { get; }

    /// <summary>Whether an average of the weights is kept.</summary>
    public bool HasAverage => Segments[0].Average is not null;

    /// <summary>Elements of all parameters.</summary>
    public long Count => Slices.Sum(s => s.Count);

    /// <summary>Moves the parameters' storage into flat buffers; values are kept, the average starts as a copy of the weights.</summary>
    /// <param name="parameters">Names and parameters, float32, on one device.</param>
    /// <param name="average">Whether to keep an average of the weights.</param>
    /// <param name="segmentElements">Largest segment, elements.</param>
    /// <exception cref="ParisInputException">A parameter is not float32 or larger than a segment.</exception>
    public static FlatParameters Attach(IEnumerable<(string name, Parameter parameter)> parameters, bool average, long segmentElements = DefaultSegmentElements)
    {
        var all = parameters.ToList();
        var slices = new List<ParameterSlice>(all.Count);
        var lengths = new List<long>();
        foreach (var (name, parameter) in all)
        {
            var count = parameter.NumberOfElements;
            if (parameter.dtype != ScalarType.Float32 || count > segmentElements)
            {
                throw new ParisInputException($"Parameter '{name}' has {count} elements of {parameter.dtype}; the optimiser takes float32 up to {segmentElements} elements.");
            }

            if (lengths.Count == 0 || lengths[^1] + count > segmentElements)
            {
                lengths.Add(0);
            }

            slices.Add(new ParameterSlice(name, [.. parameter.shape], lengths.Count - 1, lengths[^1], count));
            lengths[^1] += count;
        }

        if (slices.Count == 0)
        {
            throw new ParisInputException("The model has no parameters to train.");
        }

        var device = all[0].parameter.device;
        var segments = lengths.Select(length => new FlatSegment(length, average, device)).ToList();
        var flat = new FlatParameters(segments, slices, device.type == DeviceType.CPU);

        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        for (var i = 0; i < slices.Count; i++)
        {
            var slice = slices[i];
            var parameter = all[i].parameter;
            var weights = flat.View(segments[slice.Segment].Weights, slice);
            weights.copy_(parameter);
            parameter.set_(weights);

            // The setter shares the view with the parameter, so backward accumulates into the flat buffer.
            var gradient = flat.View(segments[slice.Segment].Gradients, slice).DetachFromDisposeScope();
            parameter.grad = gradient;
            flat._gradientViews.Add(gradient);
        }

        flat.ResetAverage();
        return flat;
    }

    /// <summary>The average becomes a copy of the weights.</summary>
    public void ResetAverage()
    {
        using var noGradient = no_grad();
        foreach (var segment in Segments)
        {
            segment.Average?.copy_(segment.Weights);
        }
    }

    /// <summary>A view with the parameter's shape into a flat tensor of its segment.</summary>
    public Tensor View(Tensor flat, ParameterSlice slice) => flat.narrow(0, slice.Offset, slice.Count).view(slice.Shape);

    /// <summary>Runs <paramref name="action"/> with the average in the place of the weights, then puts the weights back, bit by bit.</summary>
    public void WithAverage(Action action)
    {
        if (!HasAverage)
        {
            action();
            return;
        }

        Exchange();
        try
        {
            action();
        }
        finally
        {
            Exchange();
        }
    }

    public void Dispose()
    {
        foreach (var view in _gradientViews)
        {
            view.Dispose();
        }

        foreach (var segment in Segments)
        {
            segment.Dispose();
        }
    }

    /// <summary>The host memory of a flat tensor.</summary>
    internal static Span<float> Span(Tensor flat) => MemoryMarshal.Cast<byte, float>(flat.bytes);

    private void Exchange()
    {
        using var noGradient = no_grad();
        foreach (var segment in Segments)
        {
            using var weights = segment.Weights.clone();
            segment.Weights.copy_(segment.Average!);
            segment.Average!.copy_(weights);
        }
    }
}
