using System.Security.Cryptography;
using Paris.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Paris.Training.Trainers;

/// <summary>
/// A copy of the flat buffers in host memory, allocated once: the source of checkpoints and the state that a roll-back returns to.
/// </summary>
public sealed class StateSnapshot
{
    private readonly FlatParameters _parameters;

    public StateSnapshot(FlatParameters parameters)
    {
        _parameters = parameters;
        Weights = Allocate(s => s.Weights)!;
        Average = Allocate(s => s.Average);
        FirstMoment = Allocate(s => s.FirstMoment)!;
        SecondMoment = Allocate(s => s.SecondMoment)!;
    }

    /// <summary>A segment's weights as little-endian float32; likewise the others.</summary>
    public byte[][] Weights { get; }

    public byte[][]? Average { get; }

    public byte[][] FirstMoment { get; }

    public byte[][] SecondMoment { get; }

    /// <summary>Fixed tensors that a checkpoint carries: those that the weights a training started from brought along.</summary>
    public IReadOnlyList<FixedTensor> Buffers { get; set; } = [];

    /// <summary>The record that belongs to the buffers; null before the first copy.</summary>
    public TrainingRecord? Record { get; private set; }

    /// <summary>Copies device to host.</summary>
    public void Take(TrainingRecord record)
    {
        for (var i = 0; i < _parameters.Segments.Count; i++)
        {
            var segment = _parameters.Segments[i];
            Read(segment.Weights, Weights[i]);
            Read(segment.FirstMoment, FirstMoment[i]);
            Read(segment.SecondMoment, SecondMoment[i]);
            if (segment.Average is not null)
            {
                Read(segment.Average, Average![i]);
            }
        }

        Record = record;
    }

    /// <summary>Copies host to device; the gradients become zero.</summary>
    public void Restore()
    {
        using var noGradient = no_grad();
        for (var i = 0; i < _parameters.Segments.Count; i++)
        {
            var segment = _parameters.Segments[i];
            Write(Weights[i], segment.Weights);
            Write(FirstMoment[i], segment.FirstMoment);
            Write(SecondMoment[i], segment.SecondMoment);
            if (segment.Average is not null)
            {
                Write(Average![i], segment.Average);
            }

            segment.Gradients.fill_(0);
        }
    }

    /// <summary>The record for buffers that were filled from a checkpoint.</summary>
    internal void SetRecord(TrainingRecord record) => Record = record;

    /// <summary>SHA-256 of the weights alone, parameter after parameter in the model's order, in lower-case hex.</summary>
    public string WeightsHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var segment in Weights)
        {
            hash.AppendData(segment);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private byte[][]? Allocate(Func<FlatSegment, Tensor?> select) => select(_parameters.Segments[0]) is null
        ? null
        : [.. _parameters.Segments.Select(segment => GC.AllocateUninitializedArray<byte>(checked((int)(segment.Length * sizeof(float)))))];

    private static void Read(Tensor source, byte[] destination)
    {
        if (source.device_type == DeviceType.CPU)
        {
            source.bytes.CopyTo(destination);
            return;
        }

        using var host = source.cpu();
        host.bytes.CopyTo(destination);
    }

    private static void Write(byte[] source, Tensor destination)
    {
        if (destination.device_type == DeviceType.CPU)
        {
            source.CopyTo(destination.bytes);
            return;
        }

        using var host = empty(destination.NumberOfElements, dtype: ScalarType.Float32);
        source.CopyTo(host.bytes);
        destination.copy_(host);
    }
}
