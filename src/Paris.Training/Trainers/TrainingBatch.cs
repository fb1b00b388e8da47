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
    private readonly float* _condition;
    private readonly int _conditionLength;

    /// <param name="size">B, samples.</param>
    /// <param name="shape">Shape of one input: [c, h, w].</param>
    /// <param name="targetShape">Shape of one target; null where there is none.</param>
    /// <param name="conditionShape">Shape of one encoded caption: [T, D] or [P]; null without text.</param>
    public TrainingBatch(int size, IReadOnlyList<int> shape, IReadOnlyList<int>? targetShape, IReadOnlyList<int>? conditionShape = null)
    {
        Size = size;
        _inputLength = checked(size * Product(shape));
        _targetLength = targetShape is null ? 0 : checked(size * Product(targetShape));
        Input = Allocate([size, .. shape.Select(side => (long)side)], ScalarType.Float32);
        Target = targetShape is null ? null : Allocate([size, .. targetShape.Select(side => (long)side)], ScalarType.Float32);
        if (conditionShape is not null)
        {
            _conditionLength = checked(size * Product(conditionShape));
            Condition = Allocate([size, .. conditionShape.Select(side => (long)side)], ScalarType.Float32);
            _condition = (float*)Address(Condition);
        }

        Time = Allocate([size], ScalarType.Float32);
        Labels = Allocate([size], ScalarType.Int64);
        _input = (float*)Address(Input);
        _target = Target is null ? null : (float*)Address(Target);
        _time = (float*)Address(Time);
        _labels = (long*)Address(Labels);
    }

    /// <summary>B.</summary>
    public int Size { get; }

    /// <summary>The step these inputs belong to.</summary>
    public long Step { get; internal set; }

    /// <summary>[B, c, h, w]: x_t, or the images.</summary>
    public Tensor Input { get; }

    /// <summary>[B, …]: what the model shall return, or the noise of an autoencoder's posterior; null where there is neither.</summary>
    public Tensor? Target { get; }

    /// <summary>[B, T, D] or [B, P]: the encoded captions; null without text.</summary>
    public Tensor? Condition { get; }

    /// <summary>[B]: time as the models take it, 1000·t.</summary>
    public Tensor Time { get; }

    /// <summary>[B]: class or cluster of every sample.</summary>
    public Tensor Labels { get; }

    public Span<float> InputOf(int sample) => new Span<float>(_input, _inputLength).Slice(sample * (_inputLength / Size), _inputLength / Size);

    public Span<float> TargetOf(int sample) => new Span<float>(_target, _targetLength).Slice(sample * (_targetLength / Size), _targetLength / Size);

    public Span<float> ConditionOf(int sample) => new Span<float>(_condition, _conditionLength).Slice(sample * (_conditionLength / Size), _conditionLength / Size);

    public Span<float> Times => new(_time, Size);

    public Span<long> LabelSpan => new(_labels, Size);

    public void Dispose()
    {
        Input.Dispose();
        Target?.Dispose();
        Condition?.Dispose();
        Time.Dispose();
        Labels.Dispose();
    }

    private static int Product(IReadOnlyList<int> shape) => shape.Aggregate(1, (product, side) => checked(product * side));

    private static Tensor Allocate(long[] shape, ScalarType type) => zeros(shape, dtype: type).DetachFromDisposeScope();

    private static void* Address(Tensor tensor) => System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
}
