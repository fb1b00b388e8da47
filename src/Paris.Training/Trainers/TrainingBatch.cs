using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>
/// The inputs of one step in host tensors that are allocated once and filled again and again by the loader's thread, which writes their
/// memory and calls no tensor operation.
/// </summary>
public sealed unsafe class TrainingBatch : IDisposable
{
    private readonly float* _input;
    private readonly float* _target;
    private readonly float* _time;
    private readonly long* _labels;
    private readonly int _inputLength;
    private readonly int _targetLength;

    /// <param name="size">B, samples.</param>
    /// <param name="shape">Shape of one input: [c, h, w].</param>
    /// <param name="withTarget">Whether there is a target of the input's shape.</param>
    public TrainingBatch(int size, IReadOnlyList<int> shape, bool withTarget)
    {
        Size = size;
        SampleSize = shape.Aggregate(1, (product, side) => checked(product * side));
        _inputLength = checked(size * SampleSize);
        _targetLength = withTarget ? _inputLength : 0;
        long[] full = [size, .. shape.Select(side => (long)side)];
        Input = Allocate(full, ScalarType.Float32);
        Target = withTarget ? Allocate(full, ScalarType.Float32) : null;
        Time = Allocate([size], ScalarType.Float32);
        Labels = Allocate([size], ScalarType.Int64);
        _input = (float*)Address(Input);
        _target = Target is null ? null : (float*)Address(Target);
        _time = (float*)Address(Time);
        _labels = (long*)Address(Labels);
    }

    /// <summary>B.</summary>
    public int Size { get; }

    /// <summary>Numbers in one sample.</summary>
    public int SampleSize { get; }

    /// <summary>The step these inputs belong to.</summary>
    public long Step { get; internal set; }

    /// <summary>[B, c, h, w]: x_t, or the images.</summary>
    public Tensor Input { get; }

    /// <summary>[B, c, h, w]: what the model shall return; null where the labels or the input itself say it.</summary>
    public Tensor? Target { get; }

    /// <summary>[B]: time as the models take it, 1000·t.</summary>
    public Tensor Time { get; }

    /// <summary>[B]: class or cluster of every sample.</summary>
    public Tensor Labels { get; }

    public Span<float> InputOf(int sample) => new Span<float>(_input, _inputLength).Slice(sample * SampleSize, SampleSize);

    public Span<float> TargetOf(int sample) => new Span<float>(_target, _targetLength).Slice(sample * SampleSize, SampleSize);

    public Span<float> Times => new(_time, Size);

    public Span<long> LabelSpan => new(_labels, Size);

    public void Dispose()
    {
        Input.Dispose();
        Target?.Dispose();
        Time.Dispose();
        Labels.Dispose();
    }

    private static Tensor Allocate(long[] shape, ScalarType type) => zeros(shape, dtype: type).DetachFromDisposeScope();

    private static void* Address(Tensor tensor) => System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}
