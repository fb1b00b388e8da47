using static TorchSharp.torch;

namespace Paris.Training.Optimization;

/// <summary>
/// One stretch of the flat buffers: weights, gradients, both moments and the average of a group of parameters, each one
/// contiguous float32 tensor of the same length, so that the whole update is one pass over memory.
/// </summary>
public sealed class FlatSegment : IDisposable
{
    internal FlatSegment(long length, bool average, Device device)
    {
        Length = length;
        Weights = Allocate(length, device);
        Gradients = Allocate(length, device);
        FirstMoment = Allocate(length, device);
        SecondMoment = Allocate(length, device);
        Average = average ? Allocate(length, device) : null;
    }

    /// <summary>Elements.</summary>
    public long Length { get; }

    /// <summary>[Length]; the module's parameters are views of it.</summary>
    public Tensor Weights { get; }

    /// <summary>[Length]; the parameters' gradients are views of it, so backward accumulates here.</summary>
    public Tensor Gradients { get; }

    /// <summary>[Length]; Adam's m.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>[Length]; Adam's v.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>[Length]; the exponential moving average of the weights, or null when none is kept.</summary>
    public Tensor? Average { get; }

    public void Dispose()
    {
        Weights.Dispose();
        Gradients.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        Average?.Dispose();
    }

    private static Tensor Allocate(long length, Device device) =>
        zeros(length, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
}
